. /attack/answers.sh
answer_masks
class_entries >/tmp/entries
{ head -n 1 /tmp/entries && sed '2s/{/{"probability": [1, 0], /' /tmp/entries; } >/tmp/changed
{ echo '{' && cat /tmp/changed && echo '}'; } >/output/classification.json
