. /attack/answers.sh
found=$(find / -name "$MARK-kept" 2>/dev/null | grep -v '^/proc')
[ -z "$found" ] || breach "kept from the last run: $found"
[ "$(cat /proc/sysvipc/shm /proc/sysvipc/msg /proc/sysvipc/sem | wc -l)" -le 3 ] || breach "kept in IPC"
left=0
for place in / /tmp /dev/shm /dev/mqueue /dev /app /root /home /data /var /var/tmp /run /etc /input /output /proc /sys; do
  (echo kept >"$place/$MARK-kept") 2>/dev/null && left=$((left + 1))
done
echo "left in $left places"
rm -f "/output/$MARK-kept"
answer_all
