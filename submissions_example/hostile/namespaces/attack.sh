. /attack/answers.sh
for kind in -U -m -n -p -u -i "-U -r" "-U -r -m" "-U -r -n" "-U -r -p -f"; do must_fail unshare $kind true; done
must_fail nsenter -t 1 -m true
must_fail nsenter -t 1 -n true
say_tried
answer_all
