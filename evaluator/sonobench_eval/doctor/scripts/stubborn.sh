# Prints without end of use and stays: a program that will not go when asked. `lines` is in /input/sizes.
trap '' TERM INT HUP QUIT
. /input/sizes
line=$(head -c 1000 /dev/zero | tr '\0' x)
while [ "$lines" -gt 0 ]; do echo "$line"; lines=$((lines - 1)); done
echo done=yes > /output/said
while :; do sleep 1; done
