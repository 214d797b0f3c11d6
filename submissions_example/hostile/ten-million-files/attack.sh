. /attack/answers.sh
answer_all
/attack/attack /output 10000000
