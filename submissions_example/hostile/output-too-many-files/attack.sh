. /attack/answers.sh
answer_all
for number in $(seq 70); do echo x >"/output/extra$number"; done
