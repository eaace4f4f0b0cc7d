# Two commands do everything on a fresh machine: `make demo` and `make test`.
SHELL := /bin/bash
PYTHON ?= python3
# the build of torch: auto, cpu or cuda
TORCH ?= auto
JOBS ?= 2
CASES ?= 10000
BIN := .venv/bin

.PHONY: demo headline site wheel test test-arithmetics newest-dvc lint fuzz bench repro install

install: .venv/installed

.venv/installed: pyproject.toml constraints.txt
	PYTHON=$(PYTHON) .ci/install .venv $(TORCH)
	touch $@

wheel: install  ## dist/vqax-VERSION-py3-none-any.whl, for machines without this folder
	$(BIN)/hatchling build --target wheel

site: install  ## the documentation as a site, in build/site
	$(BIN)/python docs/site/pages.py build/site_pages
	$(BIN)/mkdocs build --strict

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
	$(BIN)/vqax pipeline --check
	$(BIN)/vqax findings --check

test: lint headline
	OMP_NUM_THREADS=1 $(BIN)/pytest -n $(JOBS)
	$(BIN)/vqax check

# The last digits of a result depend on the processor's registers and on the number of threads.
ARITHMETICS := "native OMP_NUM_THREADS=1" "native OMP_NUM_THREADS=2" "avx2 ATEN_CPU_CAPABILITY=avx2" \
	"default ATEN_CPU_CAPABILITY=default MKL_CBWR=COMPATIBLE" \
	"default ATEN_CPU_CAPABILITY=default MKL_CBWR=COMPATIBLE OMP_NUM_THREADS=2"

test-arithmetics: install  ## the tests, or TESTS=FOLDER, as other processors would round
	for each in $(ARITHMETICS); do \
		echo "arithmetic: $$each"; \
		env OMP_NUM_THREADS=1 $${each#* } $(BIN)/pytest -n $(JOBS) $(TESTS) || exit 1; \
	done

fuzz: install  ## ten thousand damaged inputs, over all readers of foreign formats
	OMP_NUM_THREADS=1 VQAX_FUZZ_CASES=$(CASES) $(BIN)/pytest -n $(JOBS) tests/fuzz

newest-dvc: install  ## the tests of the pipeline with the newest DVC there is
	$(PYTHON) -m venv --clear build/newest-dvc
	build/newest-dvc/bin/pip install --quiet --constraint constraints.txt --editable ".[dev]"
	build/newest-dvc/bin/pip install --quiet --upgrade dvc
	VQAX_TRY_DVC=1 OMP_NUM_THREADS=1 build/newest-dvc/bin/pytest tests/stages/repro tests/stages/test_repro*.py tests/stages/test_dvc_errors.py

bench: install
	for file in benchmarks/[a-z]*.py; do $(BIN)/python $$file || exit 1; done
