. /attack/answers.sh
must_fail ip link add veth0 type veth
must_fail ip link add dummy0 type dummy
must_fail ip link set lo down
must_fail ip address add 10.1.2.3/8 dev lo
must_fail ip route add default dev lo
must_fail tunctl -t tap0
must_fail brctl addbr bridge0
must_fail unshare -r -n ip link add dummy0 type dummy
say_tried
answer_all
