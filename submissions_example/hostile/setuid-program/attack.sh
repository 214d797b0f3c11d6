. /attack/answers.sh
for program in /busybox-rooted /busybox-group; do
  found=$($program id -u)
  echo "uid $found"
  [ "$found" = 10001 ] || breach "it is user $found"
done
must_fail /busybox-rooted mount -t tmpfs none /tmp
must_not_read /only-root
must_fail /busybox-rooted cat /only-root
answer_all
