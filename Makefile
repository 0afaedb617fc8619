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

.PHONY: help demo test check lint types layers unit bench lab clean

help:
	@echo "make demo   run the first tutorial in a real kernel and write build/01_first_request.html"
	@echo "make lab    open the tutorials in JupyterLab"
	@echo "make test   lint, types, layers, all tests, tutorials, browser tests"
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

unit: $(VENV)/.test
	@mkdir -p build
	@$(PYTEST) --cov --cov-report=term:skip-covered --cov-report=xml:build/coverage.xml

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
