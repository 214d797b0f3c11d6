. /attack/answers.sh
answer_all
mask=$(first_mask)
rm "$mask"
mkdir "$mask" && echo x >"$mask/inside"
