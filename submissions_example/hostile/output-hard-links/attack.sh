. /attack/answers.sh
answer_all
echo x >/output/one
for number in $(seq 40); do ln /output/one "/output/name$number"; done
