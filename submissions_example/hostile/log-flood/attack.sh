. /attack/answers.sh
exec yes leak-everything
