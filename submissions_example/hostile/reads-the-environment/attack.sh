. /attack/answers.sh
env
for process in /proc/[0-9]*; do tr '\0' '\n' <"$process/environ" 2>/dev/null; done
env | grep -q SONOBENCH && breach "a variable of the platform"
answer_all
