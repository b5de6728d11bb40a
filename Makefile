# Two commands: `make book` and `make test`. Each sets up everything it needs in .venv/.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
JOBS ?= 2
# Tests run side by side on the cores, one thread each.
WORKERS ?= 2
# What `make check` compares with.
BASE ?= main

.PHONY: help book test check lint serve lock clean

help: ## show this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:[^#]*## /\t/' | expand -t 10

book: $(INSTALLED) ## run the notebooks and build the site in _build/html
	@$(BIN)/saliency-audit run --jobs $(JOBS)
	@$(BIN)/saliency-audit build

# Verdicts come first, on all cores: notebooks and site then use the audits that this computes.
test: lint ## lint, types, the strict build of the site, and all tests
	@$(BIN)/saliency-audit verify
	@$(MAKE) --no-print-directory book
	@OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal

check: lint ## lint, types, and the tests of what changed against main: for every day
	@tests=$$($(BIN)/python tests/changed.py $(BASE)) || exit 1; \
	  if [ -z "$$tests" ]; then echo "no test concerns what changed against $(BASE)"; else \
	  OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal $$tests; fi

lint: $(INSTALLED) ## ruff and mypy
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

serve: $(INSTALLED) ## serve the built site on this machine
	@$(BIN)/saliency-audit serve

lock: ## pin the newest versions that pyproject.toml admits (needs uv)
	uv pip compile --universal --generate-hashes --no-annotate --no-header --no-emit-index-url \
	  --python-version 3.11 --all-extras pyproject.toml -o requirements.lock

clean: ## delete the site, the runs and this machine's rows; keeps .venv and rows being recorded
	rm -rf _build book/claims book/generated runs/.work $(filter-out runs/recording,$(wildcard runs/*))

$(INSTALLED): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	  { echo "Python 3.11 or newer is needed; found: $$($(PYTHON) --version 2>&1). Set PYTHON=…"; exit 1; }
	@test -x $(BIN)/pip || $(PYTHON) -m venv --clear $(VENV)
	@echo "installing pinned packages into $(VENV) (about 7 GB on disk, a few minutes) …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@
