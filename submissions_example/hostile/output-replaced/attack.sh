. /attack/answers.sh
must_fail rm -rf /output
must_fail rmdir /output
must_fail mv /output /tmp/elsewhere
must_fail mount --bind /tmp /output
must_fail umount /output
[ -d /output ] || breach "/output is gone"
say_tried
answer_all
