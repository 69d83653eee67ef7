# Everything a person or a machine does with this repository. `make` lists it.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed

export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.PHONY: help install run test test-on-sqlite test-on-postgresql quick check chromium postgresql screenshots format bench soak docs pins clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: $(STAMP) ## create .venv with everything that running and testing need

$(STAMP): requirements-dev.txt requirements.txt pyproject.toml
	@command -v $(PYTHON) >/dev/null 2>&1 || { \
	  echo "Parkway needs Python 3.11 or newer, but '$(PYTHON)' was not found. If it has another name: make PYTHON=python3.12 install" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Parkway needs Python 3.11 or newer; '$(PYTHON)' is $$($(PYTHON) -V 2>&1). If a newer one has another name: make PYTHON=python3.12 install" >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { \
	  echo "'$(PYTHON)' lacks the venv module. On Debian and Ubuntu: apt-get install python3-venv. Then try again." >&2; exit 1; }
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV)
	@$(BIN)/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "$(VENV) was made with a Python older than 3.11. Remove it (make clean) and try again." >&2; exit 1; }
	@echo "Installing into $(VENV) (half a minute the first time) ..."
	@$(BIN)/python -m pip install --quiet --require-hashes -r requirements-dev.txt
	@$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	@touch $@

run: install ## make and sync a demo fleet, show how things stand, and serve the pages
	@$(BIN)/parkway first-run
	@$(BIN)/parkway serve

chromium: install
	@command -v chromium chromium-browser google-chrome >/dev/null 2>&1 || { \
	  [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get update -qq && \
	  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >/dev/null; } || { \
	  echo "The browser tests need Chromium. On Debian and Ubuntu: apt-get install chromium" >&2; exit 1; }

postgresql: install
	@command -v initdb >/dev/null 2>&1 || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || { \
	  [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get update -qq && \
	  export DEBIAN_FRONTEND=noninteractive && \
	  apt-get install -y -qq --no-install-recommends postgresql-common >/dev/null && \
	  sed -i 's/^#\?create_main_cluster .*/create_main_cluster = false/' /etc/postgresql-common/createcluster.conf && \
	  apt-get install -y -qq --no-install-recommends postgresql >/dev/null; } || { \
	  echo "The tests need a PostgreSQL server. On Debian and Ubuntu: apt-get install postgresql" >&2; exit 1; }

PYTEST := $(BIN)/python -m pytest --numprocesses=auto --maxprocesses=4 --dist=worksteal

test: test-on-sqlite test-on-postgresql ## all checks, all tests on SQLite, and those that touch a database on PostgreSQL

test-on-sqlite: check chromium postgresql ## of this the part on SQLite: all tests
	$(PYTEST)

test-on-postgresql: check chromium postgresql ## and the part on PostgreSQL: the tests that touch a database
	$(BIN)/python -m tests.postgres $(PYTEST)

quick: install ## the tests that take seconds
	$(BIN)/python -m pytest -m "not deep"

check: install ## lint, format, types, import order, missing migrations
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	DJANGO_SETTINGS_MODULE=parkway.config.settings $(BIN)/python -m django makemigrations --check --dry-run

format: install ## sort imports, mend what can be mended, format
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

$(VENV)/.bench: $(STAMP) requirements-bench.txt
	@$(BIN)/python -m pip install --quiet --require-hashes -r requirements-bench.txt
	@touch $@

bench: postgresql $(VENV)/.bench ## measure the runs against their limit and their peers, on both databases
	$(BIN)/python -m benchmarks
	$(BIN)/python -m benchmarks.latency
	$(BIN)/python -m benchmarks.pages

soak: postgresql $(VENV)/.bench ## ten minutes of pages, workers and visitors together (SOAK="--database sqlite": there)
	$(BIN)/python -m benchmarks.soak $(SOAK)

screenshots: chromium ## a picture of every page of the demo into screenshots/ (PAGES=--readme: those of the README)
	@$(BIN)/python -m tests.browser.screenshots $(PAGES)

docs: install ## write docs/the-rules.md anew from the rules themselves
	@mkdir -p docs
	@$(BIN)/parkway rules --format markdown > docs/the-rules.md.tmp || { rm -f docs/the-rules.md.tmp; exit 1; }
	@mv docs/the-rules.md.tmp docs/the-rules.md

UPGRADE ?= --upgrade
PIN := CUSTOM_COMPILE_COMMAND="make pins" $(BIN)/pip-compile --quiet $(UPGRADE) --generate-hashes --strip-extras \
       --allow-unsafe --no-emit-index-url --no-emit-trusted-host --no-emit-find-links

pins: install ## pin the newest allowed versions anew, with hashes (UPGRADE= adds what is new and upgrades nothing)
	$(PIN) --output-file=requirements.txt pyproject.toml
	$(PIN) --extra=dev --constraint=requirements.txt --output-file=requirements-dev.txt pyproject.toml
	$(PIN) --extra=bench --constraint=requirements.txt --output-file=requirements-bench.txt pyproject.toml

clean: ## remove .venv and everything that can be made again (never data: var/ and databases stay)
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .coverage htmlcov
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
