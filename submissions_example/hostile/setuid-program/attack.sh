. /attack/answers.sh
for program in /rooted /rooted-group; do
  found=$($program id -u)
  echo "uid $found"
  [ "$found" = 10001 ] || breach "it is user $found"
done
must_fail /rooted mount -t tmpfs none /tmp
must_not_read /only-root
must_fail /rooted cat /only-root
answer_all
