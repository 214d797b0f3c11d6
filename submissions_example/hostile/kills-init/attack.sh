. /attack/answers.sh
for signal in KILL STOP TERM HUP SEGV; do kill -$signal 1 2>/dev/null; done
sleep 0.2
echo "still here"
answer_all
