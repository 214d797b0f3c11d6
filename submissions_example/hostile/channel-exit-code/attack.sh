. /attack/answers.sh
answer_all
byte=$(md5sum <"/input/$(cases segmentation | head -n 1)" | cut -c 1-2)
exit $((1 + 0x$byte % 100))
