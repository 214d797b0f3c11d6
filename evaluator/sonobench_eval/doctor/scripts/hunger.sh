# How much processor and memory can a stranger's program take? `seconds`, `burners` and `bytes` are in /input/sizes.
. /input/sizes
uptime() { cut -d' ' -f1 /proc/uptime; }
began=$(uptime)
burning=""
while [ "$burners" -gt 0 ]; do ( while :; do :; done ) & burning="$burning $!"; burners=$((burners - 1)); done
sleep "$seconds"
kill -9 $burning
wait 2>/dev/null
ended=$(uptime)
times > /tmp/times  # in a substitution it would be another shell's
printf 'cpu.wall=%s %s\ncpu.times=%s\n' "$began" "$ended" "$(tail -n 1 /tmp/times)" > /output/said
# One buffer, filled whole: a limit that bites ends the program before it has it.
dd if=/dev/zero of=/dev/null bs="$bytes" count=1 2>/dev/null && had=yes || had=no
printf 'memory.had=%s\ndone=yes\n' "$had" >> /output/said
