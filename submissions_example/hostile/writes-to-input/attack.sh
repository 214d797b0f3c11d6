. /attack/answers.sh
picture="/input/$(cases segmentation | head -n 1)"
must_not_write "$picture"
must_not_write /input_json
must_not_write "/input/$MARK"
must_fail rm -f "$picture"
must_fail mv "$picture" /tmp/
must_fail ln "$picture" /output/link
must_fail truncate -s 0 /input_json
must_fail touch "$picture"
say_tried
answer_all
