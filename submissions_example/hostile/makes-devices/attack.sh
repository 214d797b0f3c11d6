. /attack/answers.sh
for place in /tmp /dev/shm /output /app /root /dev; do
  must_fail mknod "$place/disk" b 254 0
  must_fail mknod "$place/mem" c 1 1
done
say_tried
answer_all
