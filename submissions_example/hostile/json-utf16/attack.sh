. /attack/answers.sh
answer_masks
class_entries >/tmp/entries
{ printf '\377\376{\0' && sed 's/./&/g' /tmp/entries | tr -d '\n' && printf '}\0'; } >/output/classification.json
