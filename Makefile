# Two commands do all the set-up: `make demo` and `make test`. The rest are their parts.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PYTEST := $(BIN)/python -X dev -m pytest

# pip's last words are about its own subprocesses: say what a person can do.
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check
NOT_INSTALLED := { echo "Installing failed; above, pip says why. Most often there is no network, or no package index: run the same make again when there is." >&2; exit 1; }

# A .venv that was not made to its end is no .venv.
.DELETE_ON_ERROR:

.PHONY: help demo test test-kernels check lint types layers unit bench lab clean

help:
	@echo "make demo   run the first tutorial in a real kernel and write build/01_first_request.html"
	@echo "make lab    open the tutorials in JupyterLab"
	@echo "make test   lint, types, layers, all tests, tutorials, browser tests"
	@echo "make test-kernels  the kernel tests on ipykernel 6.17.1, 6.31.0, 7.0.1 and 7.4.0"
	@echo "make check  lint, types and layers only (seconds)"
	@echo "make bench  measure our server, client and frames beside their peers; writes build/bench.json"
	@echo "make clean  remove .venv, build/ and caches"

# A stamp per set of extras: nothing is installed again until pyproject.toml changes.
$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, this is " + sys.version.split()[0] + ": make PYTHON=python3.12 …") if sys.version_info < (3, 11) else None'
	@echo "creating $(VENV)"
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.demo: pyproject.toml | $(VENV)/bin/python
	@echo "installing notebook-http with what the tutorials need (once)"
	@$(INSTALL) -e '.[lab,tutorials]' || $(NOT_INSTALLED)
	@touch $@

# httpbin without its dependencies: pyproject.toml's test extra says why.
$(VENV)/.test: pyproject.toml | $(VENV)/bin/python
	@echo "installing notebook-http with the test tools (once)"
	@$(INSTALL) -e '.[test]' || $(NOT_INSTALLED)
	@$(INSTALL) --no-deps 'httpbin>=0.10.2' || $(NOT_INSTALLED)
	@touch $@ $(VENV)/.demo

demo: $(VENV)/.demo
	@$(BIN)/python tests/run_notebook.py notebooks/01_first_request.ipynb

lab: $(VENV)/.demo
	@$(BIN)/jupyter lab notebooks/01_first_request.ipynb

check: $(VENV)/.test lint types layers

lint: $(VENV)/.test
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: $(VENV)/.test
	@$(BIN)/mypy

layers: $(VENV)/.test
	@$(BIN)/lint-imports

test: check unit

# One process, in the order of the files. Two are twice as fast, in an order that differs each time:
# make unit WORKERS="--dist loadfile --tx '2*popen//python=$(BIN)/python -X dev'"
WORKERS ?=
unit: $(VENV)/.test
	@mkdir -p build
	@$(PYTEST) $(WORKERS) --cov --cov-report=term:skip-covered --cov-report=xml:build/coverage.xml

# One environment for each file of exact pins, made anew when its file changes. KERNELS=/elsewhere
# keeps them outside of the checkout.
KERNELS ?= build/kernels
test-kernels: $(VENV)/.test
	@set -e; for pins in tests/kernels/*.txt; do \
		kernel=$(abspath $(KERNELS))/$$(basename $$pins .txt); \
		cmp -s $$pins $$kernel/pins.txt || { \
			echo "installing what $$pins pins (once)"; rm -rf $$kernel; \
			$(BIN)/python -m venv $$kernel && $$kernel/bin/python -m pip install --quiet --disable-pip-version-check -r $$pins || $(NOT_INSTALLED); \
			cp $$pins $$kernel/pins.txt; }; \
		echo "kernel tests on $$(basename $$pins .txt)"; \
		PYTHONPATH=$(CURDIR) NOTEBOOK_HTTP_KERNEL_PYTHON=$$kernel/bin/python $(PYTEST) -q -m kernel tests/notebook --ignore=tests/notebook/test_tutorials.py; \
	done

# Each peer by itself: one that cannot be had must not keep the others away.
# Beside the other packages, not among them: niquests' own urllib3 would replace theirs.
PEERS := $(VENV)/peers
$(VENV)/.bench: pyproject.toml $(VENV)/.test
	@rm -rf $(PEERS)
	@for peer in $$($(BIN)/python -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["project"]["optional-dependencies"]["bench"])'); do \
		$(INSTALL) --target $(PEERS) --upgrade "$$peer" || echo "!!! $$peer could not be installed: it will be left out of the table" >&2; done
	@touch $@

bench: $(VENV)/.bench
	@PYTHONPATH=$(abspath $(PEERS)) $(BIN)/python tests/benchmarks/run.py

clean:
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .coverage .coverage.* .hypothesis
	find notebook_http tests -name __pycache__ -prune -exec rm -rf {} +
