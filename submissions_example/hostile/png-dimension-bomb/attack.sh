. /attack/answers.sh
answer_all
cp /payload "$(first_mask)"
