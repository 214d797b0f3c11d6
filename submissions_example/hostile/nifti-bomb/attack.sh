. /attack/answers.sh
answer_all
cp /payload /output/bomb.nii.gz
cp /payload "$(first_mask)"
