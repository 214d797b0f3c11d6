. /attack/answers.sh
dd if=/dev/zero bs=64k count=64 2>/dev/null | tr '\0' 'e' >&2
answer_all
