. /attack/answers.sh
must_fail timeout 1 nc -w 1 ::1 "$TCP_PORT" </dev/null
must_fail timeout 1 ping6 -c 1 -W 1 ff02::1%lo
must_fail timeout 1 ping6 -c 1 -W 1 2606:4700:4700::1111
[ "$(grep -cv ' lo$' /proc/net/if_inet6 2>/dev/null)" = 0 ] || [ ! -s /proc/net/if_inet6 ] || breach "there is an IPv6 address"
say_tried
answer_all
