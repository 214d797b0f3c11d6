#!/usr/bin/env bash
# Run a command with a Docker Engine beside it:   infra/engine.sh run COMMAND [ARGUMENT...]
#
# Uses the engine that answers. Where none does, starts the machine's own service, or, where no init system runs
# (a container, a CI machine), a dockerd of its own, which the last user of it stops again. Where this user may not
# open the engine's socket but may use sudo, only the group of the socket is added: the command keeps its user,
# its environment and the owner of the files it writes.
#
# Exit status: the command's own; 69 where no engine can be had (one sentence says why).
set -euo pipefail
HERE="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
readonly HERE
readonly STATE="${SONOBENCH_ENGINE_STATE:-/run/sonobench-engine}"   # the pid of a dockerd that was started from here
readonly LOCK="${SONOBENCH_ENGINE_LOCK:-/run/lock/sonobench-engine.lock}"
readonly LOG=/var/log/sonobench-dockerd.log
readonly SOCKET=/var/run/docker.sock
readonly START_S=60 STOP_S=40 UNAVAILABLE=69 NOT_ALLOWED=13

say() { printf '%s\n' "$*" >&2; }
die() { say "docker: $*"; exit "$UNAVAILABLE"; }

python() { if [ -x "$HERE/../.venv/bin/python" ]; then "$HERE/../.venv/bin/python" "$@"; else python3 "$@"; fi; }
ping_status() { local status=0; python "$HERE/engine_ping.py" || status=$?; printf '%s' "$status"; }

am_root() { [ "$(id -u)" = 0 ]; }
may_sudo() { command -v sudo >/dev/null && { sudo -n true 2>/dev/null || { [ -t 0 ] && sudo -v; }; }; }
as_root() { if am_root; then "$@"; else sudo "$@"; fi; }
need_root() {
  am_root || may_sudo || die "no engine answers, and starting one needs root or sudo. Ask an administrator to start Docker, or set DOCKER_HOST."
}

# Who uses the engine --------------------------------------------------------------------------------------------
# Every run holds the lock shared (fd 9). Whoever then gets it alone was the last, and may stop what was started here.
# The lock is opened for reading only: it may belong to another user of the machine.

make_locks() {
  local file
  mkdir -p "$(dirname "$LOCK")" 2>/dev/null || true
  for file in "$LOCK" "$LOCK.start"; do
    (umask 0 && set -o noclobber && : >"$file") 2>/dev/null || [ -r "$file" ] || die "the lock file $file cannot be opened."
  done
}

# Starting -------------------------------------------------------------------------------------------------------

wait_for_engine() {   # $1: a pid that must stay alive meanwhile, or 0
  local second
  for ((second = 0; second < START_S * 2; second++)); do
    case "$(ping_status)" in 0 | "$NOT_ALLOWED") return 0 ;; esac
    if [ "$1" != 0 ] && ! [ -d "/proc/$1" ]; then return 1; fi
    sleep 0.5
  done
  return 1
}

start_service() {
  if [ -d /run/systemd/system ]; then
    say "docker: starting the Docker service ..."
    as_root systemctl start docker.service
  elif [ "$(cat /proc/1/comm)" = init ] && [ -x /etc/init.d/docker ]; then
    say "docker: starting the Docker service ..."
    as_root service docker start >&2
  else
    return 2
  fi && wait_for_engine 0
}

# Detached from this terminal and this lock, so that neither Ctrl-C nor a second user ends it.
start_dockerd() {
  say "docker: no engine runs here; starting dockerd (its log is $LOG) ..."
  # shellcheck disable=SC2016
  as_root setsid sh -c 'state=$1; log=$2; shift 2
    exec 8<&- 9<&-
    rm -f "$state.dockerd"
    nohup dockerd --pidfile "$state.dockerd" "$@" </dev/null >"$log" 2>&1 &
    echo $! >"$state"' sh "$STATE" "$LOG" "$@"
  wait_for_engine "$(cat "$STATE")"
}

ensure_engine() {
  case "$(ping_status)" in 0 | "$NOT_ALLOWED") return ;; esac
  [ -z "${DOCKER_HOST:-}" ] || die "DOCKER_HOST is $DOCKER_HOST, and no engine answers there."
  PATH="$PATH:/usr/sbin:/sbin"
  command -v dockerd >/dev/null || die "Docker is not installed. Run 'make setup', or: apt-get install docker.io"
  need_root
  local status=0
  start_service || status=$?
  [ "$status" != 0 ] || return 0
  [ "$status" = 2 ] || die "the Docker service does not start; see: journalctl -u docker"
  start_dockerd && return
  # Without the kernel's packet filter dockerd gives up. Nothing here needs a container network, so go without.
  stop_dockerd
  start_dockerd --bridge=none --iptables=false --ip6tables=false && return
  as_root tail -n 5 "$LOG" >&2 || true
  stop_dockerd
  die "dockerd does not start on this machine; its last words are above, the rest is in $LOG."
}

# Stopping -------------------------------------------------------------------------------------------------------

stop_dockerd() {
  local pid tries
  pid="$(cat "$STATE" 2>/dev/null)" || return 0
  if [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = dockerd ]; then
    as_root kill -TERM "$pid"
    for ((tries = 0; tries < STOP_S * 4; tries++)); do [ -d "/proc/$pid" ] || break; sleep 0.25; done
    [ ! -d "/proc/$pid" ] || as_root kill -KILL "$pid"
  fi
  as_root rm -f "$STATE" "$STATE.dockerd"
}

leave() {
  flock --unlock 9
  [ -e "$STATE" ] || return 0
  flock --exclusive --nonblock 9 || return 0
  say "docker: stopping the dockerd that was started for this ..."
  stop_dockerd
}

# Running the command --------------------------------------------------------------------------------------------

# Becomes the command under this very user, with the socket's group among its groups.
# sudo clears the environment, so it travels in a file that only this user can read.
run_in_socket_group() {
  may_sudo || die "this user may not open $SOCKET. Ask an administrator for: usermod -aG docker $(id -un) (then log in again), or use sudo."
  local groups
  groups="$(id -G | tr ' ' ','),$(stat -L -c %g "$SOCKET")"
  export -p >"$PRIVATE/environment"
  # shellcheck disable=SC2016
  sudo setpriv --reuid "$(id -u)" --regid "$(id -g)" --groups "$groups" --inh-caps=-all -- \
    env -i --default-signal=INT,QUIT bash --norc --noprofile -c \
    'cd "$1" && . "$2/environment" && echo $$ >"$2/pid" && shift 2 && exec "$@"' bash "$PWD" "$PRIVATE" "$@" <&0 &
}

run_directly() { env --default-signal=INT,QUIT "$@" <&0 9<&- & }

target_pid() { cat "$PRIVATE/pid" 2>/dev/null || echo "${CHILD:-$!}"; }   # a signal may come before CHILD is noted
forward() { kill "-$1" "$(target_pid)" 2>/dev/null || true; }

# Ctrl-C on a terminal reaches the command from the kernel; one sent to this script alone is passed on.
forward_interrupt() {
  local foreground_group
  read -r _ _ _ _ _ _ _ foreground_group _ </proc/$$/stat
  if [ "$foreground_group" = -1 ]; then forward INT; fi
}

wait_for_child() {
  local status
  while :; do   # a trapped signal ends `wait`, but not the command
    status=0
    wait "$CHILD" || status=$?
    [ -d "/proc/$CHILD" ] || break
  done
  [ "$status" -le 128 ] || wait "$CHILD" || status=$?
  return "$status"
}

run() {
  [ "$#" -gt 0 ] || { say "usage: infra/engine.sh run COMMAND [ARGUMENT...]"; exit 64; }
  make_locks
  PRIVATE="$(mktemp -d)"
  trap 'rm -rf "$PRIVATE"; leave' EXIT
  exec 9<"$LOCK"
  flock --shared 9
  (flock --exclusive 8 && ensure_engine) 8<"$LOCK.start"
  trap 'forward TERM' TERM HUP
  trap forward_interrupt INT
  if [ "$(ping_status)" = "$NOT_ALLOWED" ]; then run_in_socket_group "$@"; else run_directly "$@"; fi
  CHILD=$!
  wait_for_child
}

case "${1:-}" in
  run) shift; run "$@" ;;
  *) say "usage: infra/engine.sh run COMMAND [ARGUMENT...]"; exit 64 ;;
esac
