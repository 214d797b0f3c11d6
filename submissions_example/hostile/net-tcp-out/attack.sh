. /attack/answers.sh
for host in $HOSTS 127.0.0.1; do
  must_fail timeout 1 nc -w 1 "$host" "$TCP_PORT" </input_json
  must_fail timeout 1 nc -w 1 "$host" 22 </dev/null
done
say_tried
answer_all
