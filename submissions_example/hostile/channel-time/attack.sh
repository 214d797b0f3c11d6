. /attack/answers.sh
answer_all
byte=$(md5sum <"/input/$(cases segmentation | head -n 1)" | cut -c 1-2)
usleep $((0x$byte * 4000))
