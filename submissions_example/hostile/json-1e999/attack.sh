. /attack/answers.sh
answer_masks
class_entries >/tmp/entries
sed '1s/\[[0-9.]*/[1e999/' /tmp/entries >/tmp/changed
{ echo '{' && cat /tmp/changed && echo '}'; } >/output/classification.json
