. /attack/answers.sh
answer_masks
class_entries >/tmp/entries
{ printf '\357\273\277{' && cat /tmp/entries && echo '}'; } >/output/classification.json
