. /attack/answers.sh
answer_masks
class_entries >/tmp/entries
echo '[1, 2, 3]' >/output/classification.json
