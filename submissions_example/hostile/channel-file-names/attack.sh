. /attack/answers.sh
answer_all
cases classification | while read -r name; do echo x >"/output/leak-$(md5sum <"/input/$name" | cut -c 1-32)"; done
