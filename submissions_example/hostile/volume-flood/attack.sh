. /attack/answers.sh
dd if=/dev/zero of=/data/flood bs=64k count=1024 2>/dev/null
echo "/data $(stat -f -c %T /data) $(stat -c %s /data/flood)"
answer_all
