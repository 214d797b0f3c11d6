. /attack/answers.sh
answer_masks
class_entries >/tmp/entries
sed '1s/\[[0-9.]*/["0.5"/; 2s/\[[0-9.]*/[true/; 3s/\[[^]]*\]/null/; 4s/\[[^]]*\]/[]/; 5s/"prediction": [0-9]/"prediction": 99/; 6s/{.*}/7/' /tmp/entries >/tmp/changed
{ echo '{' && cat /tmp/changed && echo '}'; } >/output/classification.json
