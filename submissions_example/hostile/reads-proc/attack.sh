. /attack/answers.sh
for file in /proc/kcore /proc/kmsg /proc/keys /proc/timer_list /proc/sched_debug /proc/1/mem /dev/mem /dev/kmsg /sys/firmware/dmi/tables/DMI; do
  must_not_read "$file"
done
must_fail dmesg
for root in "" /proc/1/root /proc/self/root /proc/1/cwd/../../../.. /proc/self/fd/../../../..; do must_not_read "$root$SECRET_FILE"; done
path=$(awk '$5 == "/input" { print $4 }' /proc/self/mountinfo)
echo "host path $path"
must_not_read "$path/../../secret"
case "$path" in *uusic* | *hidden* | *challenge* | *secret*) breach "the path tells something" ;; esac
cat /proc/self/mountinfo /proc/1/cmdline /proc/cmdline /proc/version /proc/self/cgroup
find /proc -maxdepth 2 -name cmdline | wc -l
say_tried
answer_all
