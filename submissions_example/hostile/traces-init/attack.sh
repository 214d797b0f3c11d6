. /attack/answers.sh
/attack/attack
answer_all
