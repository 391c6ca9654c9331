# Each target works on a fresh machine that has python3 and make.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check -qq
CODE := carteggio.py domain projections adapters api tests $(wildcard benchmarks)
UV := .venv-lock/bin/uv
# Extras stay: with hashes, pip takes no other version for a name with an extra than the one listed so.
LOCK := $(UV) pip compile --universal --python-version 3.11 --generate-hashes --no-strip-extras --no-header --no-annotate --quiet

# A process a core (or WORKERS=3), each with servers of its own; the tests of a file stay together and
# share theirs.
PARALLEL := -n $(or $(WORKERS),auto) --dist loadscope
# The same order and the same draws every time, so that what fails once fails again; SHUFFLE=1 draws anew.
STEADY := $(if $(SHUFFLE),,--randomly-dont-reorganize --randomly-seed=1 --hypothesis-seed=1)
# After all the others in one process, tests of servers in threads have made Python 3.11.7 crash.
APART := tests/api/http

# Tests start many processes: what the first has compiled is there for the next.
unexport PYTHONDONTWRITEBYTECODE

# The programs of a folder, without what they share and without the maker of their mail.
programs = $(filter-out mailmaker,$(basename $(notdir $(shell grep -ls __main__ $(1)/*.py))))

.DEFAULT_GOAL := help
.PHONY: help demo test cover check style mypy pyright bench proof docs lock clean

help: ## Show this
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(firstword $(MAKEFILE_LIST)) | expand -t 8

demo: $(VENV)/product ## A sample company: its mail, the unanswered, an API (CHECK=1: ask it three questions and leave)
	@$(BIN)/python carteggio.py demo $(if $(CHECK),--check)

test: $(VENV)/tools debian ## All tests but the slow ones (ARGS= goes to pytest; SHUFFLE=1: in any order)
	@$(BIN)/python -m pytest -m "not slow" $(STEADY) $(PARALLEL) $(if $(ARGS),$(ARGS),--ignore $(APART))
	@$(if $(ARGS),true,$(BIN)/python -m pytest -m "not slow" $(STEADY) $(PARALLEL) $(APART))

cover: $(VENV)/tools debian ## The same tests, and which lines and branches they do not reach
	@$(BIN)/python -m pytest -m "not slow" $(PARALLEL) --cov $(ARGS)

check: style mypy pyright ## Style, types, and which folder may know which (-j: all at once)

style: $(VENV)/tools
	$(BIN)/ruff check $(CODE)
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/lint-imports

mypy: $(VENV)/tools
	$(BIN)/mypy

pyright: $(VENV)/tools
	$(BIN)/pyright --pythonpath $(BIN)/python

bench: $(VENV)/tools ## Every benchmark, one JSON line each
	@set -e; for name in $(call programs,benchmarks); do $(BIN)/python -m benchmarks.$$name; done

proof: $(VENV)/tools debian ## What takes long: kills, scale, memory
	@$(BIN)/python -m pytest -m slow $(ARGS) || test $$? = 5 # 5: there is no slow test
	@set -e; for name in $(call programs,benchmarks/proofs); do $(BIN)/python -m benchmarks.proofs.$$name; done

docs: $(VENV)/tools ## Write anew what is generated in docs/
	@$(BIN)/python -m adapters.catalog_page > docs/events.md
	@$(BIN)/python -m api.graphql.printing > docs/schema.graphql

lock: $(UV) ## Choose the newest allowed versions of what we use, with their digests
	$(LOCK) --upgrade pyproject.toml --group dev -o requirements-dev.lock
	$(LOCK) --upgrade pyproject.toml -c requirements-dev.lock -o requirements.lock

clean: ## Remove what these targets made here
	rm -rf $(VENV) .venv-lock .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

# --- What the targets need --------------------------------------------------

define MAKE_VENV
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Carteggio needs Python 3.11 or newer: make PYTHON=python3.13 ..." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	  if test "$$(id -u)" = 0 && command -v apt-get >/dev/null; then \
	    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y python3-venv >/dev/null; \
	  else \
	    echo "Python's venv is missing; on Debian: sudo apt-get install python3-venv" >&2; exit 1; \
	  fi
	@$(PYTHON) -m venv $(1)
endef

$(BIN)/python:
	@echo "Making $(VENV) ..."
	$(call MAKE_VENV,$(VENV))

$(VENV)/product: requirements.lock | $(BIN)/python
	@echo "Installing what Carteggio uses ..."
	@$(PIP) install --require-hashes -r requirements.lock
	@touch $@

$(VENV)/tools: requirements-dev.lock | $(BIN)/python
	@echo "Installing what Carteggio uses, and what tests it ..."
	@$(PIP) install --require-hashes -r requirements-dev.lock
	@touch $@ $(VENV)/product

$(UV):
	$(call MAKE_VENV,.venv-lock)
	@.venv-lock/bin/python -m pip --disable-pip-version-check --quiet install uv

# Debian's IMAP and POP3 servers and PostgreSQL, for tests against real servers. Tests start their
# own, without root: the packages' services stay off. Elsewhere those tests are skipped, and say so.
.PHONY: debian
debian:
	@.ci/debian-packages dovecot-imapd dovecot-pop3d dovecot-submissiond postgresql
