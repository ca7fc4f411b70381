# `make` or `make help` lists the targets. Everything happens in .venv and var/ of this folder.
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
READY := $(VENV)/.ready
# Real messages for the bench where the evaluation data is at hand; the sample desk's own questions otherwise.
MESSAGES ?= $(wildcard $(addprefix ../shared/data/intents/,banking77/train_10shot.jsonl massive_nl/valid.jsonl massive_de/valid.jsonl))
export BALIE_ENCODER_FOLDER ?= $(CURDIR)/$(VENV)/balie-encoder
# Tests start hundreds of processes, and each would compile all that it loads.
unexport PYTHONDONTWRITEBYTECODE
export BALIE_DATA_FOLDER ?= $(CURDIR)/var/suite

.PHONY: help setup run demo test e2e lint types imports protos protos-check manifests isolated bench format constraints dist clean

help: ## Show this list
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  \033[1m%-14s\033[0m %s\n", $$1, $$2}'

setup: $(READY) ## Make .venv with the tested versions, and build the encoder

$(READY): pyproject.toml constraints.txt
	@echo "Setting up $(VENV): about 350 MB to download, 1.2 GB on disk, one to three minutes"
	$(PYTHON) -c 'import sys; sys.exit("Balie needs Python 3.11 or newer; try: make setup PYTHON=python3.12") if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --quiet --upgrade 'pip>=24'
	$(PIP) install --quiet --progress-bar on --constraint constraints.txt --editable '.[dev]'
	$(BIN)/balie encoder build
	@touch $@

run: setup ## Start the suite with the sample desk, play a conversation in three languages, and stay up
	$(BIN)/balie up --play

demo: setup ## Start the suite, play the demo, and exit; non-zero when a turn did not end as expected
	$(BIN)/balie demo

test: setup ## Run the tests; what is not at hand (PostgreSQL, kubectl) is skipped and named
	$(BIN)/python -m pytest --numprocesses logical -m "not slow" $(TESTS)

e2e: setup ## Try the promises against four real processes: killed, starved, fed nonsense (some minutes)
	$(BIN)/python -m pytest -m slow $(TESTS)

lint: setup ## Check style, who may import whom, and the contract
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-cache
	cd protos && ../$(BIN)/buf lint

types: setup ## Check types with mypy --strict
	$(BIN)/mypy

format: setup ## Format the code
	$(BIN)/ruff check --fix --quiet . || true
	$(BIN)/ruff format .

protos: setup ## Write the Python stubs from protos/
	protos/generate.sh services

protos-check: setup ## Prove the stubs fresh, and the contract without breaking changes
	PATH="$(CURDIR)/$(BIN):$$PATH" protos/check.sh

manifests: setup ## Render every overlay and validate it offline (needs kubectl)
	$(BIN)/python deploy/kubernetes/validate.py

isolated: setup ## Prove each extra alone in a fresh environment (downloads each again)
	$(BIN)/python tests/isolated.py

bench: setup ## Measure the running suite; BENCH='--json' for machines
	$(BIN)/balie bench $(addprefix --messages ,$(MESSAGES)) $(BENCH)

constraints: setup ## Pin what is installed now as the tested versions
	$(PIP) freeze --exclude-editable | LC_ALL=C sort > constraints.txt

dist: setup ## Build the wheel into dist/
	$(PIP) wheel --quiet --no-deps --wheel-dir dist .

clean: ## Remove everything that was made here, data of the suite included
	rm -rf $(VENV) .tools var dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache examples/node/node_modules
