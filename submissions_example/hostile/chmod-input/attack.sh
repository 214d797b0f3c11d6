. /attack/answers.sh
picture="/input/$(cases segmentation | head -n 1)"
must_fail chmod 777 /input "$picture" /input_json
must_fail chown 10001 "$picture"
must_fail mount -o remount,rw /input
must_fail mount --bind /tmp /input
must_fail umount /input
must_fail umount -l /input_json
say_tried
answer_all
