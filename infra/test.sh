#!/usr/bin/env bash
# All checks and tests, each named as it starts.   infra/test.sh [check]   `check` leaves the tests out.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
PATH="$PWD/.venv/bin:$PATH"

step() {
  printf '\n== %s\n' "$1"
  shift
  "$@"
}

step "Style: ruff" ruff check --quiet evaluator platform infra submissions_example tests
step "Layout of the code: ruff format" ruff format --quiet --check evaluator platform infra submissions_example tests
step "Types: mypy --strict" mypy
step "Types: mypy --strict, infra" mypy infra
step "Layers: import-linter" lint-imports --no-cache
[ "${1:-}" != check ] || exit 0
step "Images: the base and the examples" python -m infra.examples --tag-only

# What only computes, or talks to a database of its own, runs in several processes. What starts containers, kills servers,
# measures time or looks into a browser has the machine to itself.
readonly APART=(tests/unit tests/property tests/architecture tests/golden tests/contract/api tests/integration/platform tests/integration/web)
mapfile -t SKIPPED < <(printf -- '--ignore=%s\n' "${APART[@]}")
status=0
step "Tests in several processes: pytest" \
  pytest --quiet --durations=10 --numprocesses auto --maxprocesses 4 --dist loadfile "${APART[@]}" || status=$?
step "Tests one by one: pytest" pytest --quiet --durations=10 "${SKIPPED[@]}" || status=$?
exit "$status"
