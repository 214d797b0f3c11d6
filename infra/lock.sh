#!/usr/bin/env bash
# Resolve the newest versions that pyproject.toml allows, in a fresh environment, into requirements.lock.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
fresh="$(mktemp -d)"
trap 'rm -rf "$fresh"' EXIT
"${PYTHON:-python3}" -m venv "$fresh/venv"
"$fresh/venv/bin/pip" install --quiet --disable-pip-version-check '.[server,report,dev,peers]'
{
  sed -n '/^#/p' requirements.lock
  "$fresh/venv/bin/pip" freeze --exclude sonobench
} >"$fresh/lock"
cp "$fresh/lock" requirements.lock
