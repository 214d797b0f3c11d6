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
# On a busy node programs get little whether or not they are held back; whether they were, the kernel counts.
groups=/sys/fs/cgroup
throttled=$(cat $groups/cpu/cpu.stat $groups/cpu.stat 2>/dev/null | sed -n 's/^nr_throttled //p' | head -n 1)
quota=$(cat $groups/cpu/cpu.cfs_quota_us $groups/cpu.max 2>/dev/null | head -n 1 | cut -d' ' -f1)
times > /tmp/times  # in a substitution it would be another shell's
printf 'cpu.wall=%s %s\ncpu.times=%s\ncpu.throttled=%s\ncpu.quota=%s\n' \
  "$began" "$ended" "$(tail -n 1 /tmp/times)" "$throttled" "$quota" > /output/said
# One buffer, filled whole: a limit that bites ends the program before it has it.
dd if=/dev/zero of=/dev/null bs="$bytes" count=1 2>/dev/null && had=yes || had=no
printf 'memory.had=%s\ndone=yes\n' "$had" >> /output/said
