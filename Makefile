# Needs Python 3.11 to 3.13 and make, nothing else. `make help` lists what it does.
#
# The environment is .venv/. Each stamp in it stands for something installed there, so a second
# run starts at once; the stamps depend on each other in a line, so that `make -j` installs one
# thing at a time. PYTHON=/path/to/python chooses the interpreter.

.DEFAULT_GOAL := help
SHELL := /bin/sh
.SUFFIXES:

VENV := .venv
BIN := $(VENV)/bin
MADE := $(VENV)/.made
LOCAL := $(VENV)/.installed-local
DEV := $(VENV)/.installed-dev
PIP := $(BIN)/python -m pip --disable-pip-version-check
CODE := vistora_assets embedded_snowflake vistora_assets_tests embedded_snowflake_tests benchmarks conftest.py setup.py

# What a version manager puts on the path may be a shim for an interpreter that is not there:
# only running it tells.
FIND_PYTHON = for candidate in "$(PYTHON)" python3.13 python3.12 python3.11 python3 python; do \
	[ -n "$$candidate" ] || continue; \
	if "$$candidate" -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' >/dev/null 2>&1; \
	then echo "$$candidate"; break; fi; \
	done

# A line every 15 seconds while a quiet command works. It ends with the recipe's shell.
CLOCK = ( passed=0; while sleep 1 && kill -0 $$$$ 2>/dev/null; do passed=$$((passed + 1)); \
	[ $$((passed % 15)) -ne 0 ] || echo "    ... still installing ($$passed s)"; done ) & \
	clock=$$!; trap 'kill $$clock 2>/dev/null' EXIT

.PHONY: help install demo dev test soak bench check

help:
	@echo "make demo     set everything up and run the whole pipeline on real purchases"
	@echo "make dev      Dagster's UI on the project, automation running"
	@echo "make test     set everything up and pass the tests"
	@echo "make check    formatting, lint, types and import rules"
	@echo "make soak     the tests that take long"
	@echo "make bench    what this costs, as ratios to what else one could use"
	@echo "make install  only set everything up, development tools included"

install: $(DEV)

demo: $(LOCAL)
	@$(BIN)/vistora demo

dev: $(LOCAL)
	@$(BIN)/dagster dev

test: $(DEV)
	@$(BIN)/python -m pytest

soak: $(DEV)
	@$(BIN)/python -m pytest -m soak

bench: $(DEV)
	@set -e; for benchmark in code_location busy_machine warehouse; do echo "==> $$benchmark"; \
		$(BIN)/python -m benchmarks.$$benchmark; done

check: $(DEV)
	@echo "==> ruff format --check"
	@$(BIN)/ruff format --check $(CODE)
	@echo "==> ruff check"
	@$(BIN)/ruff check $(CODE)
	@echo "==> import rules"
	@PYTHONPATH=. $(BIN)/lint-imports --no-cache --no-logo
	@echo "==> pyright"
	@$(BIN)/pyright
	@echo "==> whitespace"
	@if git rev-parse --git-dir >/dev/null 2>&1; then git diff --check && git diff --cached --check; fi

$(MADE):
	@set -e; found="$$($(FIND_PYTHON))"; \
	if [ -z "$$found" ]; then \
		echo "No Python 3.11, 3.12 or 3.13 with venv was found on the path." >&2; \
		echo "Install one, or name one: make PYTHON=/path/to/python3.12 $(MAKECMDGOALS)" >&2; \
		echo "(On Debian and Ubuntu the package python3-venv belongs to it.)" >&2; \
		exit 1; \
	fi; \
	if $(BIN)/python -c 'import sys, pip; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' >/dev/null 2>&1; \
	then echo "==> Using the environment in $(VENV)"; \
	else echo "==> Making $(VENV) with $$found ($$("$$found" --version))"; "$$found" -m venv --clear $(VENV); fi; \
	touch $@

$(LOCAL): requirements/local.txt pyproject.toml setup.py | $(MADE)
	@echo "==> Installing the pipeline and the embedded warehouse: once, about 130 packages, one to three minutes"
	@$(CLOCK); $(PIP) install -r requirements/local.txt
	@echo "==> Installing vistora itself"
	@$(CLOCK); $(PIP) install --quiet --no-deps --no-build-isolation -e .
	@touch $@

$(DEV): requirements/dev.txt $(LOCAL)
	@echo "==> Installing the tools for tests and checks: once, half a minute"
	@$(CLOCK); $(PIP) install -r requirements/dev.txt
	@touch $@
