. /attack/answers.sh
answer_all
truncate -s 1099511627776 /output/sparse
exit 0
