. /attack/answers.sh
answer_masks
class_entries >/tmp/entries
digits=$(printf '9%.0s' $(seq 5000))
sed "1s/\[[0-9.]*/[$digits/; 2s/\"prediction\": [0-9]*/\"prediction\": $digits/" /tmp/entries >/tmp/changed
{ echo '{' && cat /tmp/changed && echo '}'; } >/output/classification.json
