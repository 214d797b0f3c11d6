. /attack/answers.sh
for url in http://169.254.169.254/latest/meta-data/ http://169.254.170.2/v2/credentials http://metadata.google.internal/; do
  must_fail timeout 2 wget -T 1 -q -O /tmp/credentials "$url"
done
say_tried
answer_all
