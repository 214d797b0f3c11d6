. /attack/answers.sh
/attack/attack &
sleep 1
answer_all 2>/dev/null
exit 0
