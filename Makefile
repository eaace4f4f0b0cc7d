# Two commands do everything on a fresh machine: `make demo` and `make test`.
SHELL := /bin/bash
PYTHON ?= python3
JOBS ?= 2
CASES ?= 10000
BIN := .venv/bin

.PHONY: demo headline test lint fuzz bench repro install

install: .venv/installed

.venv/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --constraint constraints.txt --editable ".[dev]"
	touch $@

repro: install  ## every stage whose inputs changed: all tables and figures
	$(BIN)/vqax repro --jobs $(JOBS)

headline: install
	$(BIN)/vqax repro report_headline --jobs $(JOBS)

demo: headline  ## the headline, ending with the path of the report
	$(BIN)/vqax check
	@echo "report: $(CURDIR)/data/reports/headline/report.html"

lint: install
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: lint headline
	OMP_NUM_THREADS=1 $(BIN)/pytest -n $(JOBS)
	$(BIN)/vqax check

fuzz: install  ## ten thousand damaged inputs, over all readers of foreign formats
	OMP_NUM_THREADS=1 VQAX_FUZZ_CASES=$(CASES) $(BIN)/pytest -n $(JOBS) tests/fuzz

bench: install
	for file in benchmarks/[a-z]*.py; do $(BIN)/python $$file || exit 1; done
