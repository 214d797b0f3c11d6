. /attack/answers.sh
/attack/attack /tmp 10000000
rm -rf /tmp/f*
answer_all
