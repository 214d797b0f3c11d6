. /attack/answers.sh
seen=$(ls -d /proc/[0-9]* | wc -l)
echo "$seen processes"
[ "$seen" -lt 20 ] || breach "it sees $seen processes"
for table in shm msg sem; do
  [ "$(cat "/proc/sysvipc/$table" 2>/dev/null | wc -l)" -le 1 ] || breach "there is $table of others"
done
[ -z "$(ls /dev/mqueue 2>/dev/null)" ] || breach "there are message queues"
[ -z "$(ls /dev/shm)" ] || breach "there is shared memory"
answer_all
