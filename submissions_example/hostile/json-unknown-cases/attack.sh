. /attack/answers.sh
answer_masks
class_entries >/tmp/entries
{ cat /tmp/entries && echo ', "no/such/case.png": {"probability": [1, 0], "prediction": 0}, "": {}, "__proto__": {}, "../x": 1'; } >/tmp/changed
{ echo '{' && cat /tmp/changed && echo '}'; } >/output/classification.json
