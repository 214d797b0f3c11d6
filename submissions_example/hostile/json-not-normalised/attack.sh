. /attack/answers.sh
answer_masks
class_entries >/tmp/entries
sed 's/0\.[0-9][0-9]*/1/g; s/"prediction": [0-9]/"prediction": 0/' /tmp/entries >/tmp/changed
{ echo '{' && cat /tmp/changed && echo '}'; } >/output/classification.json
