. /attack/answers.sh
answer_all
dd if=/dev/zero of=/output/flood bs=64k 2>/dev/null
exit 0
