. /attack/answers.sh
answer_all
made=0
while mkdir -p "/output/d/$made" 2>/dev/null && [ $made -lt 3000 ]; do made=$((made + 1)); done
echo "made $made"
