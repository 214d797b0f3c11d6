. /attack/answers.sh
echo "interfaces: $(ls /sys/class/net | tr '\n' ' ')"
[ "$(ls /sys/class/net)" = lo ] || breach "there is an interface"
[ "$(tail -n +2 /proc/net/route | wc -l)" -eq 0 ] || breach "there is a route"
[ "$(wc -l </proc/net/arp)" -le 1 ] || breach "there are neighbours"
ip address | grep 'inet ' | grep -vq 'inet 127\.' && breach "there is an address"
answer_all
