. /attack/answers.sh
[ -c /dev/null ] && echo "null is a device"
must_not_write "/dev/$MARK"
[ -e /nothing ] && breach "the runtime made a file of its choice"
answer_all
