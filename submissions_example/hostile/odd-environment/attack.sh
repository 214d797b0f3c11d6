. /attack/answers.sh
echo "home $HOME"
[ -z "$NVIDIA_VISIBLE_DEVICES" ] || [ "$NVIDIA_VISIBLE_DEVICES" = void ] || breach "it names GPUs"
[ -z "$NVIDIA_DRIVER_CAPABILITIES" ] || breach "it names what a GPU's driver should do"
answer_all
