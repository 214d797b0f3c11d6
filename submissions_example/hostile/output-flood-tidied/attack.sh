. /attack/answers.sh
dd if=/dev/zero of=/output/flood bs=64k 2>/dev/null
rm /output/flood
exit 1
