. /attack/answers.sh
sleep 2
[ -e /tmp/checked ] && breach "the health check ran"
echo "no health check"
answer_all
