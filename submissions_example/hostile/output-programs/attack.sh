. /attack/answers.sh
answer_all
cp /bin/busybox /output/ls
chmod 755 /output/ls
must_fail /output/ls
echo 'rm -rf /' >/output/run.sh
echo '<script>alert(1)</script>' >/output/index.html
echo 'import os' >/output/numpy.py
