. /attack/answers.sh
answer_masks
class_entries >/tmp/entries
{ printf '[%.0s' $(seq 30000) && printf ']%.0s' $(seq 30000); } >/output/classification.json
