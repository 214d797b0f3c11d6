# Two commands do everything on a fresh machine: `make demo` and `make test`. `make help` lists the rest.
SHELL := /bin/bash
.DEFAULT_GOAL := help
BIN := .venv/bin

# make demo ONCE=1          end after the table          make demo DATA=FOLDER   real images in the UUSIC25 layout
# make demo PORT=8200       serve on another port        YES=1                   install system packages unasked
DEMO_OPTIONS := $(if $(ONCE),--once) $(if $(DATA),--data '$(DATA)') $(if $(PORT),--port '$(PORT)')
export YES CI

.PHONY: help setup demo test check bench soak gpu-check images texts screenshots lock clean

help: ## show this
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' Makefile

setup: ## system packages, .venv and pinned dependencies; leaves .venv/bin/sonobench
	@infra/setup.sh demo

demo: setup ## phantom test set, example images, API and worker, ranked leaderboard (ONCE=1, DATA=, PORT=)
	@infra/engine.sh run $(BIN)/sonobench demo $(DEMO_OPTIONS)

test: ## everything: style, types, layers, tests (the Docker ones included)
	@infra/setup.sh tests
	@infra/engine.sh run infra/test.sh

check: ## style, types and layers only (seconds, no Docker)
	@infra/setup.sh tests
	@infra/test.sh check

bench: ## ratios against named peers in the same run (ONLY="masks ranking": some of them)
	@infra/setup.sh tests
	@infra/engine.sh run $(BIN)/python -m infra.bench $(ONLY)

soak: ## 200 submissions while workers, API, broker and database connections are killed (SOAK="--submissions 50 --only real")
	@infra/setup.sh tests
	@infra/engine.sh run $(BIN)/python -m infra.soak $(SOAK)

gpu-check: ## is the GPU meter right here? known allocations on plain processes, no Docker; fails where there is no GPU
	@[ -x $(BIN)/python ] || infra/setup.sh demo
	@$(BIN)/python -m infra.gpu_check

images: setup ## build the base image and every example image into var/examples
	@infra/engine.sh run $(BIN)/python -m infra.examples

texts: ## collect the pages' texts for translators, and compile what they wrote
	@$(BIN)/python -m infra.texts

screenshots: ## a picture of every page into docs/screenshots
	@infra/setup.sh tests
	@$(BIN)/python -m infra.screenshots

lock: ## resolve the newest allowed versions into requirements.lock
	@infra/lock.sh

clean: ## remove what was built here; images in Docker and .venv stay
	rm -rf var .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build dist
