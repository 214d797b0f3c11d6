. /attack/answers.sh
answer_all
sleep 1000000
