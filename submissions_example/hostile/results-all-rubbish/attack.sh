. /attack/answers.sh
answer_all
find /output -type f | while read -r file; do head -c 300 /dev/urandom >"$file"; done
