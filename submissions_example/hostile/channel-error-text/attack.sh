. /attack/answers.sh
picture="/input/$(cases segmentation | head -n 1)"
echo "Traceback: ValueError: leak-$(base64 "$picture" | tr -d '\n')" >&2
exit 1
