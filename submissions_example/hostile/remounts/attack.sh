. /attack/answers.sh
must_fail mount -o remount,rw /
must_fail mount -t proc proc /tmp
must_fail mount -t tmpfs none /input
must_fail mount -t overlay -o lowerdir=/,upperdir=/tmp,workdir=/tmp none /app
must_fail mount -t cgroup -o memory none /tmp
for device in /dev/sda1 /dev/vda1 /dev/nvme0n1p1 /dev/root; do must_fail mount "$device" /tmp; done
must_fail pivot_root / /tmp
must_fail chroot / true
say_tried
answer_all
