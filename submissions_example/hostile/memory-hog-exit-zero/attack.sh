. /attack/answers.sh
/attack/attack
echo "child gone"
answer_all
exit 0
