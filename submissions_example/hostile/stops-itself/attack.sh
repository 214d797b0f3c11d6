. /attack/answers.sh
answer_all
kill -STOP $$
