. /attack/answers.sh
for device in sda vda nvme0n1 mem kmem port kmsg loop0 mapper/control; do must_not_read "/dev/$device"; done
must_not_write /dev/mem
say_tried
answer_all
