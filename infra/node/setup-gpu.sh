#!/usr/bin/env bash
# Make a machine with NVIDIA GPUs ready to run strangers' images:   infra/node/setup-gpu.sh [--yes] [--lock-clocks MIN,MAX]
#
# Without --yes it changes nothing and prints what it would do. Run again, it does only what is missing.
# Needs root, Docker, and the NVIDIA driver, which it checks and never installs: that needs a restart and your decision.
#
#   --lock-clocks MIN,MAX   hold the graphics clock between two values in MHz: timings then differ less from run to run.
#                           `nvidia-smi -q -d SUPPORTED_CLOCKS` lists them. Undone by: nvidia-smi --reset-gpu-clocks
set -euo pipefail

# Older container toolkits let an image out of its container:
#   CVE-2025-23266 (fixed in 1.17.8): a library that the image names in LD_PRELOAD is loaded by a hook that runs as root on
#                                     the host. Three lines of Dockerfile are enough.
#   CVE-2024-0132  (fixed in 1.16.2, and again as CVE-2025-23359 in 1.17.4): a link that is swapped in time mounts the
#                                     host's root into the container.
readonly TOOLKIT_AT_LEAST=1.17.8
# The first branch whose accounting figures and per-process memory the GPU meter was written for.
readonly DRIVER_AT_LEAST=535.0
readonly CDI="${SONOBENCH_CDI_FILE:-/etc/cdi/nvidia.yaml}"
readonly DAEMON="${SONOBENCH_DOCKER_CONFIG:-/etc/docker/daemon.json}"

yes=0 clocks="" wanted=0 driver=""

say() { printf '%s\n' "$*"; }
die() { printf 'setup-gpu: %s\n' "$*" >&2; exit 1; }
has() { command -v "$1" >/dev/null; }
at_least() { [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]; }   # $1 >= $2

# One step: what it is for, and the command. Printed; done with --yes.
step() {
  local what="$1"
  shift
  if [ "$yes" = 1 ]; then
    say "doing:     $what"
    "$@" || die "this failed: $*"
  else
    say "would do:  $what:  $*"
    wanted=$((wanted + 1))
  fi
}

good() { say "fine:      $*"; }

arguments() {
  while [ "$#" -gt 0 ]; do
    case "$1" in
      --yes) yes=1 ;;
      --lock-clocks)
        [[ "${2:-}" =~ ^[0-9]+,[0-9]+$ ]] || die "--lock-clocks takes two values in MHz, for example 1200,1200"
        clocks="$2"
        shift
        ;;
      *) die "unknown option $1; see the head of this file" ;;
    esac
    shift
  done
  [ "$yes" = 0 ] || [ "$(id -u)" = 0 ] || die "--yes needs root"
}

check_driver() {
  has nvidia-smi || die "there is no nvidia-smi: install the NVIDIA driver first (Debian: apt-get install nvidia-driver), and restart"
  driver="$(nvidia-smi --query-gpu=driver_version --format=csv,noheader | head -n 1)" || die "nvidia-smi does not reach the driver; is a restart due?"
  at_least "$driver" "$DRIVER_AT_LEAST" || die "the driver is $driver; the GPU meter needs $DRIVER_AT_LEAST or newer"
  good "driver $driver"
}

toolkit_version() { nvidia-ctk --version 2>/dev/null | sed -n 's/.*version \([0-9][0-9.]*\).*/\1/p' | head -n 1; }

# What apt would install now; empty where no list has the package.
candidate() { apt-cache policy nvidia-container-toolkit 2>/dev/null | sed -n 's/.*Candidate: \([0-9][0-9.]*\).*/\1/p'; }

check_toolkit() {
  local version offered
  version="$(toolkit_version || true)"
  if [ -n "$version" ] && at_least "$version" "$TOOLKIT_AT_LEAST"; then good "container toolkit $version"; return; fi
  offered="$(candidate || true)"
  if [ -z "$offered" ] || ! at_least "$offered" "$TOOLKIT_AT_LEAST"; then
    die "the container toolkit is ${version:-missing} and apt offers ${offered:-none}; images can leave their containers below $TOOLKIT_AT_LEAST (CVE-2025-23266). Add NVIDIA's package list (https://docs.nvidia.com/datacenter/cloud-native/container-toolkit/latest/install-guide.html), apt-get update, and run this again"
  fi
  step "install container toolkit $offered in the place of ${version:-none} (CVE-2025-23266, CVE-2024-0132)" \
    apt-get install -y --no-install-recommends nvidia-container-toolkit
}

# The engine knows GPUs by the toolkit's runtime; CDI names each by its UUID.
check_engine() {
  if grep -q '"nvidia"' "$DAEMON" 2>/dev/null; then good "the engine knows the nvidia runtime"; else
    step "tell the engine of the nvidia runtime" nvidia-ctk runtime configure --runtime=docker --cdi.enabled --config "$DAEMON"
    step "restart the engine (runs in hand are given back and started anew)" systemctl restart docker
  fi
  # It names the driver's libraries with their version: made for another driver it leads nowhere.
  if grep -q -F "$driver" "$CDI" 2>/dev/null; then good "CDI names the GPUs in $CDI"; else
    step "name the GPUs for CDI" nvidia-ctk cdi generate --output "$CDI"
  fi
}

mode() { nvidia-smi --query-gpu="$1" --format=csv,noheader | sort -u | tr '\n' ' ' | sed 's/ $//'; }

# Without persistence the driver lets go of an idle GPU, and the next run pays seconds for its waking.
check_modes() {
  if [ "$(mode persistence_mode)" = Enabled ]; then good "persistence mode is on"; else
    if has nvidia-persistenced && [ -d /run/systemd/system ]; then
      step "keep the GPUs awake, after a restart too" systemctl enable --now nvidia-persistenced.service
    fi
    step "keep the GPUs awake" nvidia-smi --persistence-mode=1
  fi
  # The driver then keeps each process's peak of memory itself: no peak falls between two samples.
  if [ "$(mode accounting.mode)" = Enabled ]; then good "accounting mode is on"; else
    step "have the driver keep each process's peak memory" nvidia-smi --accounting-mode=1
  fi
}

check_clocks() {
  [ -z "$clocks" ] || step "hold the graphics clocks between $clocks MHz" nvidia-smi --lock-gpu-clocks="$clocks"
}

arguments "$@"
check_driver
check_toolkit
check_engine
check_modes
check_clocks
if [ "$yes" = 0 ] && [ "$wanted" -gt 0 ]; then say "Nothing was changed. Run it again with --yes to do the $wanted steps above."; fi
say "Then: sonobench doctor --gpu UUID, with the UUID from: nvidia-smi -L"
