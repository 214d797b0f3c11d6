. /attack/answers.sh
find /input -type f >/tmp/pictures
echo "$(wc -l </tmp/pictures) pictures"
[ "$(xargs stat -c %Y </tmp/pictures | sort -u | wc -l)" = 1 ] || breach "times differ"
[ "$(xargs stat -c %a:%u </tmp/pictures | sort -u | wc -l)" = 1 ] || breach "modes or owners differ"
grep -qE '/[0-9]{4}\.png$' /tmp/pictures && breach "names are as they were"
xargs grep -lE 'tEXt|iTXt|zTXt|eXIf|tIME' </tmp/pictures | grep -q . && breach "there are headers"
answer_all
