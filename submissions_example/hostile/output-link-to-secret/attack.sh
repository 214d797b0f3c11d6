. /attack/answers.sh
answer_all
mask=$(first_mask)
ln -sf "$SECRET_FILE" "$mask"
