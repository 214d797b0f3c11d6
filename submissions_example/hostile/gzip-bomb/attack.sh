. /attack/answers.sh
answer_all
cp /payload /output/bomb.gz
cp /payload "$(first_mask)"
