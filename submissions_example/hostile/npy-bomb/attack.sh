. /attack/answers.sh
answer_all
cp /payload /output/bomb.npy
cp /payload "$(first_mask)"
