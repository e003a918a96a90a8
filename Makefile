# Needs only Python 3.11 or newer and make; everything else goes into .venv, made on first use.
#   make demo                            the whole way on the sample collection
#   make collect NAME=my-photos          one stage on a collection of yours
#   make test PYTHON=/opt/python3.12/bin/python3

SHELL := /bin/sh
NAME ?= sample
QUERY ?= backup
PYTHON ?=
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
CURATE := $(BIN)/curate
export QUERY

# Exit code 3 says: finished, but some inputs failed, each named above. That is no reason to stop make.
PARTIAL = || { code=$$?; [ $$code -eq 3 ] && \
	echo "(exit code 3: finished; the inputs named above could not be read, the rest is done)" || exit $$code; }

.DEFAULT_GOAL := help
.PHONY: help install demo collect classify package search test lint bench docs lock clean

help:
	@echo "make demo                      collect, classify, search, package and verify the sample collection"
	@echo "make collect  NAME=sample      gather a collection's materials"
	@echo "make classify NAME=sample      sort them, find duplicates, decide what may be sold"
	@echo "make search   QUERY=backup     find something in all collections"
	@echo "make package  NAME=sample      write the next version of the bundle to build/"
	@echo "make test                      run the tests"
	@echo "make lint                      check style, types and the direction of imports"
	@echo "make bench                     measure 5,000 and 20,000 files, write benchmarks/README.md"
	@echo "make docs                      write docs/commands.md and docs/configuration.md from the code"
	@echo "make lock                      renew constraints.txt with the newest versions"
	@echo "make clean                     remove .venv and caches (never collections/, build/ or .curate/)"

install: $(STAMP)

# pip first: only 25.1 and newer know dependency groups. hatchling and editables are in the dev group,
# so the project itself needs no build environment of its own and no unpinned download.
$(STAMP): pyproject.toml constraints.txt
	@python="$(PYTHON)"; \
	for name in $${python:-python3 python3.13 python3.12 python3.11 python3.14 python}; do \
		if "$$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then found=$$name; break; fi; \
	done; \
	if [ -z "$$found" ]; then \
		echo "curate needs Python 3.11 or newer; tried: $${python:-python3, python3.13, python3.12, python3.11, python3.14, python}" >&2; \
		echo "install one from https://www.python.org/downloads/ or name yours: make $(MAKECMDGOALS) PYTHON=/path/to/python3" >&2; \
		exit 1; \
	fi; \
	echo "making $(VENV) with $$("$$found" --version)"; \
	"$$found" -m venv --clear $(VENV) || { \
		echo "python cannot make a venv; on Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }
	@$(BIN)/python -m pip install -q --disable-pip-version-check -c constraints.txt --upgrade pip
	@$(BIN)/python -m pip install -q -c constraints.txt --group dev
	@$(BIN)/python -m pip install -q -c constraints.txt --no-build-isolation -e .
	@touch $(STAMP)

demo: $(STAMP)
	@echo "== collect: gather what matches the keywords (one file is damaged on purpose)"
	@$(CURATE) collect sample $(PARTIAL)
	@echo; echo "== classify: categories, duplicates, rights"
	@$(CURATE) classify sample $(PARTIAL)
	@echo; echo "== search: backup"
	@$(CURATE) search backup --collection sample --limit 5
	@echo; echo "== search: 版权"
	@$(CURATE) search 版权 --collection sample --limit 5
	@echo; echo "== package: write the bundle"
	@$(CURATE) package sample $(PARTIAL)
	@echo; echo "== verify: read the bundle back"
	@bundle=$$(ls -dt build/sample/*/ | head -n 1); bundle=$${bundle%/}; $(CURATE) verify "$$bundle" && \
		archive=$$(ls "$$bundle"/*.zip) && { echo; \
		echo "The bundle: $$PWD/$$archive"; \
		echo "Unpack $${archive##*/} and open START-HERE.html in a browser."; \
		echo "Beside it: the listing for a shop page, and LEFT-OUT.md, which says what stayed out and why."; }

collect: $(STAMP)
	@$(CURATE) collect $(NAME) $(PARTIAL)

classify: $(STAMP)
	@$(CURATE) classify $(NAME) $(PARTIAL)

package: $(STAMP)
	@$(CURATE) package $(NAME) $(PARTIAL)

search: $(STAMP)
	@$(CURATE) search "$$QUERY"

test: $(STAMP)
	@$(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder

lint: $(STAMP)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy --strict
	@$(BIN)/lint-imports

bench: $(STAMP)
	@$(BIN)/python benchmarks/run.py

docs: $(STAMP)
	@$(BIN)/python docs/generate.py

# In a venv of its own, so that nothing but what the project asks for is written down.
lock:
	@rm -rf .venv-lock && $(or $(PYTHON),python3) -m venv .venv-lock
	@.venv-lock/bin/python -m pip install -q --upgrade pip
	@.venv-lock/bin/python -m pip install -q --group dev -e .
	@{ grep '^#' constraints.txt; \
		.venv-lock/bin/python -m pip freeze --all --exclude-editable --exclude setuptools; } > constraints.new
	@mv constraints.new constraints.txt && rm -rf .venv-lock && git --no-pager diff --stat constraints.txt

clean:
	rm -rf $(VENV) .venv-lock dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
