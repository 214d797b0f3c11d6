. /attack/answers.sh
root=$(stat -c %d /)
find / -xdev -type d 2>/dev/null >/tmp/folders
while read -r folder; do
  [ "$(stat -c %d "$folder")" != "$root" ] || must_not_write "$folder/$MARK"
done </tmp/folders
must_not_write /bin/busybox
must_not_write /attack/attack.sh
must_not_write /sbin/docker-init
must_not_write /etc/hosts
must_not_write /etc/resolv.conf
say_tried
answer_all
