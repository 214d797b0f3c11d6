. /attack/answers.sh
dd if=/dev/zero of=/dev/shm/flood bs=64k count=1024 2>/dev/null
echo "shm $(stat -c %s /dev/shm/flood)"
answer_all
