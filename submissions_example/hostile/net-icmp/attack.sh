. /attack/answers.sh
for host in $HOSTS; do
  must_fail timeout 1 ping -c 1 -W 1 "$host"
  must_fail timeout 1 traceroute -I -m 1 -w 1 -q 1 "$host"
done
say_tried
answer_all
