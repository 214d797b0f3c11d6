. /attack/answers.sh
for process in 1 self "$$"; do
  must_not_write "/proc/$process/exe"
  must_not_write "/proc/$process/root/sbin/docker-init"
done
must_not_write /proc/1/mem
must_fail ln -f /proc/1/exe /tmp/init
say_tried
answer_all
