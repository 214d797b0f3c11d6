# What can a stranger's program see and do? One line for each try: name=value. Nothing here changes the host.
# Runs in the container's own image. What it found goes to /output/said at the very end, as some tries fill the disks.
said=""
say() { said="$said$1=$2
"; }
words() { tr '\n' ' ' | head -c 2000; }
writable() { for path in "$@"; do ( : >> "$path" ) 2>/dev/null && echo "$path"; done | words; }
readable() { for path in "$@"; do [ "$(head -c 1 "$path" 2>/dev/null | wc -c)" = 1 ] && echo "$path"; done | words; }

# who
say user "$(id -u)"
say groups "$(id -G)"
for field in CapInh CapPrm CapEff CapBnd CapAmb NoNewPrivs Seccomp; do
  say "status.$field" "$(sed -n "s/^$field:[[:space:]]*//p" /proc/self/status)"
done
say kernel "$(uname -r)"
say boot "$(cat /proc/sys/kernel/random/boot_id 2>/dev/null)"
for kind in pid net ipc mnt uts user cgroup; do say "namespace.$kind" "$(readlink /proc/self/ns/$kind)"; done
# Read by this shell alone: a program started for it is for a moment called otherwise ("exe"), as if it were a stranger's.
seen=""
for at in /proc/[0-9]*/comm; do
  name=""
  { read -r name < "$at"; } 2>/dev/null || continue
  case " $seen" in *" $name "*) ;; *) seen="$seen${name:-(unnamed)} " ;; esac
  [ "${#seen}" -lt 4000 ] || break
done
say processes "$(printf %s "$seen" | tr -c ' -~' '?')"
say handed.files "$(for link in /proc/self/fd/*; do readlink "$link"; done 2>/dev/null | grep '^/' | grep -v '^/proc/' | words)"

# network
say interfaces "$(tail -n +3 /proc/net/dev | cut -d: -f1 | words)"

# files
say written.root "$(writable /probe /bin/probe /etc/probe /lib/probe /usr/probe /var/probe /bin/busybox)"
say written.input "$(writable /input/new /input/probe.sh /input_json)"
say written.proc "$(writable /proc/sys/kernel/core_pattern /proc/sys/kernel/hostname /proc/sys/vm/overcommit_memory \
  /proc/sys/net/ipv4/ip_forward /proc/sysrq-trigger /proc/irq/default_smp_affinity /proc/bus/probe)"
say written.sys "$(writable /sys/kernel/mm/transparent_hugepage/enabled /sys/power/state /sys/kernel/uevent_helper \
  /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max /sys/fs/cgroup/cgroup.procs)"
say made.cgroup "$(for at in /sys/fs/cgroup/probe /sys/fs/cgroup/memory/probe; do mkdir "$at" 2>/dev/null && rmdir "$at" && echo "$at"; done | words)"
say read.kernel "$(readable /proc/kcore /proc/kmsg /proc/keys /proc/timer_list /proc/sched_debug /proc/latency_stats /dev/kmsg /dev/mem /dev/kmem)"
say devices "$(find /dev -type b -o -type c 2>/dev/null | grep -v '^/dev/pts/' | words)"
say sockets "$(find / -xdev -type s 2>/dev/null | words)"
say runtime.sockets "$(for at in /var/run/docker.sock /run/docker.sock /run/containerd/containerd.sock /run/podman/podman.sock; do [ -e "$at" ] && echo "$at"; done | words)"
mknod /tmp/disk b 8 0 2>/dev/null && made=made || made=refused
head -c 1 /tmp/disk >/dev/null 2>&1 && made=opened
say device.node "$made"
say host.file "$(while read -r at; do for root in "" /proc/[0-9]*/root /proc/[0-9]*/cwd/../../..; do
  head -c 64 "$root$at" 2>/dev/null; done; done < /input/host_paths | words)"

# crashes
cd /output && ( sh -c 'kill -SEGV $$' ) >/dev/null 2>&1
say core.files "$(find /output /tmp -name 'core*' 2>/dev/null | words)"
say core.limit "$(ulimit -c)"

# floods, each with a bound of its own where the sandbox has none
flood() { dd if=/dev/zero of="$1/flood" bs=65536 count="$2" 2>/dev/null; wc -c < "$1/flood"; rm -f "$1/flood"; }
. /input/sizes
say flood.tmp "$(flood /tmp "$blocks")"
say flood.shm "$(flood /dev/shm "$blocks")"
say flood.output "$(flood /output "$blocks")"
mkdir /output/many
made=0
# `true` and not `:`, whose failing redirection would end the shell: this way none has to be started for each file.
while [ "$made" -lt "$files" ]; do { true > "/output/many/$made"; } 2>/dev/null || break; made=$((made + 1)); done
say flood.files "$made"
rm -rf /output/many
# Each notes its own number: where the host's processes are in sight, none but these may be ended.
( started=0
  while [ "$started" -lt "$processes" ]; do sleep 60 >/dev/null & echo "$!" >> /tmp/started; started=$((started + 1)); done ) 2>/dev/null
started=0
while read -r number; do kill -9 "$number"; started=$((started + 1)); done < /tmp/started
say flood.processes "$started"

# Each writes the kernel's answers to a file of its own in /output.
for program in many identity clone attempts; do "/programs/$program"; done
printf '%sdone=yes\n' "$said" > /output/said
