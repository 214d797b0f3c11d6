. /attack/answers.sh
answer_masks
picture="/input/$(cases segmentation | head -n 1)"
{ echo '{' && class_entries && echo ", \"leak-$(md5sum <"$picture" | cut -c 1-32)\": {}}"; } >/output/classification.json
