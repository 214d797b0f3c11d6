. /attack/answers.sh
answer_masks
class_entries >/tmp/entries
{ tail -n +4 /tmp/entries; } >/tmp/changed
{ echo '{' && cat /tmp/changed && echo '}'; } >/output/classification.json
