. /attack/answers.sh
answer_all
cd /output
long=$(printf 'n%.0s' $(seq 250))
echo x >"$long"
for number in $(seq 30); do mkdir "$long$number" 2>/dev/null && cd "$long$number"; done
echo x >end
