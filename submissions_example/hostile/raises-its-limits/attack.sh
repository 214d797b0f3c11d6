. /attack/answers.sh
must_fail sh -c 'ulimit -n 100000'
must_fail sh -c 'ulimit -c 1000'
must_fail renice -n -5 -p $$
must_fail ionice -c 1 -p $$
must_not_write /sys/fs/cgroup/memory/memory.limit_in_bytes
must_not_write /sys/fs/cgroup/memory.max
must_not_write /sys/fs/cgroup/pids/pids.max
must_not_write /sys/fs/cgroup/pids.max
must_not_write /sys/fs/cgroup/cgroup.procs
must_not_write /sys/fs/cgroup/memory/cgroup.procs
(echo -1000 >/proc/self/oom_score_adj) 2>/dev/null && breach "nothing else would be killed before it"
say_tried
answer_all
