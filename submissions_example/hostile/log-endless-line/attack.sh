. /attack/answers.sh
answer_all
dd if=/dev/zero bs=64k count=128 2>/dev/null | tr '\0' 'x'
