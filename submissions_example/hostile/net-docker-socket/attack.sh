. /attack/answers.sh
for socket in /var/run/docker.sock /run/docker.sock /run/containerd/containerd.sock /run/podman/podman.sock; do
  [ -e "$socket" ] && breach "there is $socket"
  must_fail timeout 1 nc "local:$socket" </dev/null
done
[ -n "$(find / -xdev -type s 2>/dev/null)" ] && breach "there is a socket"
[ -n "$DOCKER_HOST" ] && breach "DOCKER_HOST is set"
say_tried
answer_all
