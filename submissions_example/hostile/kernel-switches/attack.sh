. /attack/answers.sh
for file in /proc/sys/kernel/core_pattern /proc/sys/kernel/modprobe /proc/sys/vm/overcommit_memory /proc/sys/vm/drop_caches \
  /proc/sysrq-trigger /proc/irq/0/smp_affinity /sys/kernel/uevent_helper /sys/power/state /proc/acpi/wakeup \
  /proc/sys/fs/binfmt_misc/register /sys/kernel/mm/transparent_hugepage/enabled /dev/kmsg; do
  must_not_write "$file"
done
say_tried
answer_all
