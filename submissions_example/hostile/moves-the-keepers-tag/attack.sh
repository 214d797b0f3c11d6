. /attack/answers.sh
answer_all
