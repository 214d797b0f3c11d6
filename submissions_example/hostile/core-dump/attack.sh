. /attack/answers.sh
answer_all
cd /tmp && ulimit -c unlimited 2>/dev/null && breach "cores are allowed"
sh -c 'kill -SEGV $$'
[ -n "$(find / -xdev -name 'core*' -type f 2>/dev/null)" ] && breach "a core was written"
exit 1
