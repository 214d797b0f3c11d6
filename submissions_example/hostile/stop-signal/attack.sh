. /attack/answers.sh
answer_all
sleep 600
