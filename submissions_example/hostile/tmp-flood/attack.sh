. /attack/answers.sh
for place in /tmp /app /root; do
  dd if=/dev/zero of="$place/flood" bs=64k count=1024 2>/dev/null
  size=$(stat -c %s "$place/flood")
  echo "$place $size"
  [ "$size" -le 2097152 ] || breach "$place holds $size bytes"
  rm -f "$place/flood"
done
answer_all
