# Short names. `make demo` and `make test` set up whatever they need.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PORT ?= 8000
HOST ?= 127.0.0.1

.PHONY: help setup demo test quick lint types arrows unit bench clean vendor

help:            ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*##/\t/' | expand -t 12

setup:           ## the Python environment, exactly as locked
	@tools/setup.sh

demo: setup      ## set up, load real data, open the platform (PORT=… HOST=…)
	@exec .venv/bin/songhua demo --host "$(HOST)" --port "$(PORT)"

test: setup      ## everything: style, types, arrows, tests on every store, in a real browser
	@tools/services.sh
	@$(MAKE) --no-print-directory lint types arrows unit

quick: setup     ## under a minute, needs only Python
	@$(MAKE) --no-print-directory lint
	@.venv/bin/python -m pytest -q -m "not slow and not postgres and not chdb and not browser and not live"

lint:
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/python tools/vendor.py --check
	@.venv/bin/python tools/messages.py --check

types:
	@.venv/bin/mypy

arrows:
	@.venv/bin/lint-imports --no-cache

unit:
	@.venv/bin/python -m pytest -q -m "not live" --durations=10

bench: setup     ## benchmarks beside peers and the bare engine, in one run
	@UV_PYTHON_DOWNLOADS=never tools/uv.sh sync --frozen --all-extras --group bench --quiet && .venv/bin/python -m bench

vendor:          ## fetch the browser's libraries again, as locked
	@.venv/bin/python tools/vendor.py

clean:           ## forget the demo's data and all caches
	@rm -rf var .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis
