. /attack/answers.sh
answer_all
cd /output
depth=0
while [ $depth -lt 600 ] && mkdir d 2>/dev/null && cd d; do depth=$((depth + 1)); done
echo x >end
echo "$depth deep"
