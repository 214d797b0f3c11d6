. /attack/answers.sh
trap '' TERM HUP INT USR1
for signal in KILL STOP TERM HUP INT USR1; do kill -$signal 1 2>/dev/null; done
sleep 0.2
echo "still here"
answer_all
