. /attack/answers.sh
trap '' HUP INT QUIT TERM USR1 USR2 ALRM PIPE TSTP TTIN TTOU
echo "here for good"
answer_all
while true; do sleep 1; done
