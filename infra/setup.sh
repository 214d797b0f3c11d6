#!/usr/bin/env bash
# Set up this checkout: system packages, the virtual environment, pinned dependencies.
#
#   infra/setup.sh          what `make demo` needs
#   infra/setup.sh tests    what `make test` needs on top of it
#
# For Debian 12/13 and Ubuntu 22.04/24.04 with git, make, Python >= 3.11 and root or sudo. System packages are
# named before they are installed and asked for on a terminal; YES=1 or CI=true answers. Run again, it does
# only what is missing. An engine that is already there (docker.io, Docker CE, DOCKER_HOST) is left alone.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
readonly PURPOSE="${1:-demo}"

say() { printf '%s\n' "$*" >&2; }
die() { say "setup: $*"; exit 1; }

# Python ---------------------------------------------------------------------------------------------------------

is_new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

find_python() {
  local name
  for name in "${PYTHON:-python3}" python3 python3.13 python3.12 python3.11 python3.14; do
    if command -v "$name" >/dev/null && is_new_enough "$name"; then command -v "$name"; return; fi
  done
  die "Python 3.11 or newer is needed, and none was found (python3 is $(python3 --version 2>&1 || true)). \
Install one, for example with 'apt-get install python3.11 python3.11-venv', or name one with PYTHON=/path/to/python3."
}

# Debian splits venv's ensurepip into a package of its own; other Pythons bring it along.
venv_package() {
  "$PYTHON_FOUND" -c 'import ensurepip, venv' 2>/dev/null && return
  "$PYTHON_FOUND" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])'
}

# System packages ------------------------------------------------------------------------------------------------

has_program() { command -v "$1" >/dev/null || [ -x "/usr/sbin/$1" ]; }

# An engine somewhere else, one that answers (13: it would, to another user), or one that only has to be started.
has_engine() {
  if [ -n "${DOCKER_HOST:-}" ] || has_program dockerd; then return 0; fi
  local status=0
  "$PYTHON_FOUND" infra/engine_ping.py || status=$?
  [ "$status" = 0 ] || [ "$status" = 13 ]
}

is_installed() { dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null | grep -qx installed; }

keyring_package() {
  # shellcheck source=/dev/null
  case "$(. /etc/os-release && echo "$ID ${ID_LIKE:-}")" in *ubuntu*) echo ubuntu-keyring ;; *) echo debian-archive-keyring ;; esac
}

missing_packages() {
  venv_package
  has_engine || echo docker.io
  has_engine || has_program iptables || echo iptables
  has_program redis-server || echo redis-server
  has_program debootstrap || echo debootstrap
  is_installed "$(keyring_package)" || keyring_package
  has_program busybox || echo busybox-static
  [ "$PURPOSE" = tests ] || return 0
  has_program cc || printf '%s\n' gcc libc6-dev
  has_program mkfs.ext4 || echo e2fsprogs
  has_postgres || echo postgresql
  has_program node || echo nodejs
  has_program npm || echo npm   # for tus-js-client, the browsers' way to upload, which tests run
  has_program chromium || echo chromium   # for the tests of the pages, by Playwright
  is_installed fonts-dejavu-core || echo fonts-dejavu-core
}

# Debian keeps the server's programs outside the PATH, one folder for each version.
has_postgres() { has_program postgres || compgen -G "${SONOBENCH_DEBIAN_POSTGRES:-/usr/lib/postgresql}/*/bin/postgres" >/dev/null; }

# Tests of a second runtime, of a registry and of shell scripts run where these are to be had; not every distribution has them.
optional_packages() {
  [ "$PURPOSE" = tests ] || return 0
  local program
  for program in runsc docker-registry shellcheck; do
    if ! has_program "$program" && apt-cache show "$program" >/dev/null 2>&1; then echo "$program"; fi
  done
}

ask() {
  if [ "${YES:-}" = 1 ] || [ "${CI:-}" = true ]; then return; fi
  [ -t 0 ] || die "there is no terminal to ask on. Run it again as 'YES=1 make ...' to agree, or install them yourself: apt-get install $*"
  local answer
  read -r -p "Install them now? [y/N] " answer
  case "$answer" in [yY] | [yY][eE][sS]) ;; *) die "nothing was installed. By hand: apt-get install $*" ;; esac
}

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else
    command -v sudo >/dev/null || die "this needs root: run it as root, or install sudo. It was: $*"
    sudo "$@"
  fi
}

install_packages() {
  local packages
  mapfile -t packages < <(missing_packages; optional_packages)
  [ "${#packages[@]}" -gt 0 ] || return 0
  say "These system packages are missing and will be installed with apt-get: ${packages[*]}"
  command -v apt-get >/dev/null || die "there is no apt-get here. Install these yourself, or run on Debian or Ubuntu: ${packages[*]}"
  ask "${packages[@]}"
  as_root apt-get -qq -o Acquire::Retries=3 update || die "apt-get update failed; its own words are above."
  mapfile -t packages < <(missing_packages; optional_packages)   # only now are the lists known
  hold_services "${packages[@]}"
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -y -o Acquire::Retries=3 -o Dpkg::Use-Pty=0 \
    install --no-install-recommends "${packages[@]}" >&2 || die "apt-get could not install ${packages[*]}; its own words are above."
  release_services "${packages[@]}"
}

# redis-server, docker-registry and postgresql start system services, the second on all interfaces. Sonobench runs private
# copies and never uses those, so what this very run brings in is not started at all. PostgreSQL is also told to make no
# cluster, which is what its service would start.
readonly NO_CLUSTER=/etc/postgresql-common/createcluster.d/sonobench.conf

brings_postgres() { case " $* " in *" postgresql "*) return 0 ;; *) return 1 ;; esac; }

services_of() {
  local package
  for package in "$@"; do
    case "$package" in redis-server | docker-registry | postgresql) echo "$package.service" ;; esac
  done
}

hold_services() {
  local services
  # shellcheck disable=SC2016
  if brings_postgres "$@"; then
    as_root sh -c 'mkdir -p "${1%/*}" && echo "create_main_cluster = false" >"$1"' sh "$NO_CLUSTER"
  fi
  mapfile -t services < <(services_of "$@")
  if [ -d /run/systemd/system ] && [ "${#services[@]}" -gt 0 ]; then as_root systemctl --quiet --runtime mask "${services[@]}"; fi
}

release_services() {
  local services
  if brings_postgres "$@"; then as_root rm -f "$NO_CLUSTER"; fi
  mapfile -t services < <(services_of "$@")
  if ! [ -d /run/systemd/system ] || [ "${#services[@]}" = 0 ]; then return 0; fi
  as_root systemctl --quiet --runtime unmask "${services[@]}"
  as_root systemctl --quiet disable "${services[@]}" || return 0
  say "The packages' own services (${services[*]}) are disabled: private copies are started when needed."
}

# Virtual environment --------------------------------------------------------------------------------------------

# What the environment was made from; a stamp with the same words means there is nothing to do.
fingerprint() { { "$PYTHON_FOUND" -VV; pwd; cat pyproject.toml requirements.lock; } | sha256sum | cut -d' ' -f1; }

# Tests and benchmarks also need the software that the metrics are held against, PyTorch among it.
extras() { case "$PURPOSE" in tests) echo server,report,dev,peers ;; *) echo server,report,dev ;; esac; }

make_venv() {
  local stamp=.venv/.sonobench-setup wanted
  wanted="$(fingerprint)"
  # What was made for the tests serves the demo too.
  case "$(cat "$stamp" 2>/dev/null)" in
    "$wanted $(extras)" | "$wanted server,report,dev,peers") if [ -x .venv/bin/sonobench ]; then return; fi ;;
  esac
  say "Making .venv with $("$PYTHON_FOUND" --version) and the pinned dependencies (a minute or two) ..."
  mkdir -p var/log
  if [ ! -x .venv/bin/python ] || ! .venv/bin/python -c 'import pip' 2>/dev/null || ! is_new_enough .venv/bin/python; then
    "$PYTHON_FOUND" -m venv --clear .venv
  fi
  if ! .venv/bin/python -m pip install --disable-pip-version-check --no-input --constraint requirements.lock \
    --editable ".[$(extras)]" >var/log/setup.log 2>&1; then
    tail -n 15 var/log/setup.log >&2
    die "pip could not install the dependencies; the whole log is in var/log/setup.log. Without a package index, set PIP_INDEX_URL or PIP_FIND_LINKS."
  fi
  printf '%s\n' "$wanted $(extras)" >"$stamp"
}

[ "$(uname -s)" = Linux ] || die "Sonobench runs on Linux; this is $(uname -s)."
case "$PURPOSE" in demo | tests) ;; *) die "unknown purpose '$PURPOSE'; use demo or tests" ;; esac
PYTHON_FOUND="$(find_python)"
install_packages
make_venv
