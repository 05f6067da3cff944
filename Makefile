# Each target does its own set-up: a fresh clone needs CPython 3.11 or newer and make, nothing else.
# What is behind a target lies in ops/house/ (chores) and ops/cli/ (the product's own commands).

SHELL := /bin/sh
.DEFAULT_GOAL := help
RUN := .venv/bin/python -P -m
DEMO_DATA ?= .liuhen/demo
ARGS ?=

# The first interpreter that is new enough; name another one with `make PYTHON=... setup`.
PYTHON ?= $(shell for name in python3 python3.13 python3.12 python3.11 python3.14 python; do \
	if "$$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then echo "$$name"; break; fi; done)

.PHONY: help environment setup demo demo-reset test check format lock release-check bench

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

environment:
	@if [ -z "$(PYTHON)" ] || ! "$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then \
		echo "setup: Python 3.11 or newer is needed and none was found: install one, or name it with PYTHON=/path/to/python3" >&2; exit 2; fi
	@"$(PYTHON)" -m ops.house.setup $(SETUP_ARGS)

setup: SETUP_ARGS := --packages
setup: environment ## .venv with the locked packages; quick when nothing changed

demo: environment ## everything on this machine, with simulated terminals (ONCE=1: play, verify, end)
	@.venv/bin/liuhen demo --data $(DEMO_DATA) $(if $(ONCE),--once) $(ARGS)

demo-reset: environment ## empty the demo's data
	@.venv/bin/liuhen demo --data $(DEMO_DATA) --reset

test: setup ## check, then all tests; the last line names what was not run (ARGS: for pytest)
	@$(RUN) ops.house.suite --check $(ARGS)

check: environment ## style, types, import contracts, locks
	@$(RUN) ops.house.suite --check-only

format: environment ## let ruff put the code into shape
	@$(RUN) ruff check --fix --quiet . && $(RUN) ruff format --quiet .

lock: environment ## resolve requirements*.lock anew (needs a package index)
	@$(RUN) ops.house.lock --write && $(RUN) ops.house.lock

release-check: environment ## the wheel installed alone and tried, then every test with full counts
	@$(RUN) ops.house.release
	@LIUHEN_FULL=1 $(RUN) ops.house.suite --check $(ARGS)

bench: environment ## the figures of README, measured here (ARGS: for liuhen bench)
	@.venv/bin/liuhen bench all $(ARGS)
