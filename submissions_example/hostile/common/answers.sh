# What every attack can use; busybox's shell sources it. A line "BREACH ..." in the log or in a result fails the gallery.
. /attack/known.sh

tried=0

breach() { echo "BREACH $*"; }

# must_fail WHAT...: run a command that must not work.
must_fail() {
  tried=$((tried + 1))
  if "$@" >/dev/null 2>&1; then breach "$*"; fi
}

# must_not_read FILE: reading even one byte of it must not work.
must_not_read() {
  tried=$((tried + 1))
  if [ "$(head -c 1 "$1" 2>/dev/null | wc -c)" -gt 0 ]; then breach "read $1"; fi
}

# must_not_write FILE
must_not_write() {
  tried=$((tried + 1))
  if (echo "$MARK" >"$1") 2>/dev/null; then breach "wrote $1"; fi
}

say_tried() { echo "tried $tried ways"; }

# cases KIND: the names of the cases that ask for a segmentation or a classification.
cases() {
  awk -v kind="$1" -F'"' '/"img_path_relative"/ { name = $4 } /"task"/ && $4 == kind { print name }' /input_json
}

mask_of() { echo "$1" | sed 's/img/mask/g'; }

# The path of the first mask that is asked for; its folder is made.
first_mask() {
  mask="/output/$(mask_of "$(cases segmentation | head -n 1)")"
  mkdir -p "${mask%/*}"
  echo "$mask"
}

answer_masks() {
  cases segmentation | while read -r name; do
    mask="/output/$(mask_of "$name")"
    mkdir -p "${mask%/*}"
    cp /attack/mask.png "$mask"
  done
}

# class_entries: one line for each case, from the picture's own bytes, so that a changed picture changes the score.
class_entries() {
  cases classification | while read -r name; do
    classes=2
    case "$name" in *luminal* | *Luminal*) classes=4 ;; esac
    byte=$(md5sum <"/input/$name" | cut -c 1-2)
    echo "$name $classes $((0x$byte))"
  done | awk '{
    p = $3 / 255; rest = (1 - p) / ($2 - 1); list = sprintf("%.6f", p)
    for (i = 1; i < $2; i++) list = list sprintf(", %.6f", rest)
    printf "%s \"%s\": {\"probability\": [%s], \"prediction\": %d}", (NR > 1 ? ",\n" : ""), $1, list, (p >= rest ? 0 : 1)
  }'
}

answer_classes() {
  { echo '{' && class_entries && echo '}'; } >/output/classification.json
}

answer_all() {
  answer_masks
  answer_classes
}
