. /attack/answers.sh
/attack/attack "$ABSTRACT" "$TCP_PORT" || breach "a socket led somewhere"
answer_all
