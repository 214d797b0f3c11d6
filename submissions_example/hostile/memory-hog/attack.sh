. /attack/answers.sh
exec /attack/attack
