. /attack/answers.sh
for number in $(seq 12); do (timeout 2 sh -c 'while true; do :; done' >/dev/null 2>&1) & done
wait
echo burned
answer_all
