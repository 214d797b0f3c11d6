. /attack/answers.sh
[ -e /input/planted ] && breach "the image's own input is seen"
[ -e /output/planted ] && breach "the image's own output is seen"
must_not_write "/input/$MARK"
answer_all
