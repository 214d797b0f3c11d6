. /attack/answers.sh
answer_all
cp /payload /output/bomb.zip
cp /payload "$(first_mask)"
