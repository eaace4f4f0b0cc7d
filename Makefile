# Two commands do everything on a fresh machine: `make demo` and `make test`.
SHELL := /bin/bash
PYTHON ?= python3
JOBS ?= 2
BIN := .venv/bin

.PHONY: demo test lint bench repro install

install: .venv/installed

.venv/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --constraint constraints.txt --editable ".[dev]"
	touch $@

repro: install  ## every stage whose inputs changed
	$(BIN)/vqax repro --jobs $(JOBS)

demo: repro  ## the headline, ending with the path of the report
	$(BIN)/vqax check
	@echo "report: $(CURDIR)/data/report/report.html"

lint: install
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: lint repro
	OMP_NUM_THREADS=1 $(BIN)/pytest -n $(JOBS)
	$(BIN)/vqax check

bench: install
	for file in benchmarks/[a-z]*.py; do $(BIN)/python $$file || exit 1; done
