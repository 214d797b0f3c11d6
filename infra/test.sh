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
step "Tests: pytest" pytest --quiet --durations=10
