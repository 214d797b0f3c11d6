. /attack/answers.sh
answer_masks
class_entries >/tmp/entries
{ echo '{}' && echo '{' && cat /tmp/entries && echo '}'; } >/output/classification.json
