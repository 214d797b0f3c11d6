. /attack/answers.sh
answer_all
kill -KILL $$
