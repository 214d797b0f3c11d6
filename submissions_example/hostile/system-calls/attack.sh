. /attack/answers.sh
/attack/attack "$SECRET_FILE" || breach "a system call went through"
answer_all
