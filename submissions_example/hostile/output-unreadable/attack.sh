. /attack/answers.sh
answer_all
find /output -type f -exec chmod 000 {} +
find /output -depth -type d -exec chmod 000 {} +
