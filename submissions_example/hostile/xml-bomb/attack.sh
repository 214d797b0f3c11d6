. /attack/answers.sh
answer_all
cp /payload /output/bomb.svg
cp /payload "$(first_mask)"
