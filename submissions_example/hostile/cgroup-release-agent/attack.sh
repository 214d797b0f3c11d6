. /attack/answers.sh
for agent in $(find /sys/fs/cgroup -name release_agent 2>/dev/null) /sys/fs/cgroup/rdma/release_agent; do must_not_write "$agent"; done
for notify in /sys/fs/cgroup/*/notify_on_release; do must_not_write "$notify"; done
must_fail mkdir /sys/fs/cgroup/memory/x
must_fail mkdir /sys/fs/cgroup/x
must_fail unshare -U -r -C mount -t cgroup -o rdma none /tmp
say_tried
answer_all
