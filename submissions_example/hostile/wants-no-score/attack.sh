. /attack/answers.sh
exit 0
