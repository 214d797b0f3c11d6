. /attack/answers.sh
for number in 1 2 3; do (trap '' TERM HUP; exec setsid sleep 600) >/dev/null 2>&1 & done
(while true; do sleep 1; echo more >>/output/late; done) >/dev/null 2>&1 &
answer_all
echo "left $(pidof sleep | wc -w)"
