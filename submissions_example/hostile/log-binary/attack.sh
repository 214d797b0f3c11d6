. /attack/answers.sh
head -c 40000 /dev/urandom
answer_all
