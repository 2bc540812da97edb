# `make demo` and `make test` are all a newcomer needs. Each target installs what it needs into .venv.
PYTHON ?= python3
# More than the cores of a small machine: some tests wait for other processes.
WORKERS ?= 3
BIN := .venv/bin

# Extras of setup.cfg by purpose. All purposes share .venv; installing another one adds its packages.
EXTRAS_core := report
EXTRAS_lint := dev
EXTRAS_docs := report,docs
EXTRAS_training := train
EXTRAS_figures := report,video,test
EXTRAS_bench := train,ray,report,imagecorruptions,test,peers
EXTRAS_dev := train,mtl,video,ray,report,imagecorruptions,torchmetrics,lightning,test,docs,dev

.DEFAULT_GOAL := help
.PHONY: help install demo check test lint types audit soak soak-statistics docs figures checkpoints bench gpu dist clean

help:  ## List the targets
	@awk -F ':.*  ## ' '/^[a-z-]+:.*  ## / { printf "make %-15s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

install: .venv/dev  ## Install everything for development

demo: .venv/core  ## Evaluate the shipped models on synthetic scenes; report in runs/demo
	$(BIN)/robust-endo evaluate --corruption all --limit 32 --out runs/demo
	@echo "Open runs/demo/report.html or runs/demo/report.pdf"

# One thread per worker: several threads in each would compete for the cores.
check test: export OMP_NUM_THREADS = 1
# With bytecode: reading the sources of torch takes five seconds in each process that a test starts.
check test: export PYTHONDONTWRITEBYTECODE =

check: lint types  ## Before each commit: lint, types and the fast tests
	$(BIN)/python -m pytest -n $(WORKERS) -m "not slow and not browser and not ray"

test: lint .venv/dev  ## Lint, types and all tests; types are checked while the tests run
	mkdir -p build
	$(MAKE) --no-print-directory types >build/types.log 2>&1 & types=$$!; \
	$(BIN)/python -m pytest -n $(WORKERS); failed=$$?; \
	wait $$types || failed=1; cat build/types.log; exit $$failed

lint: .venv/lint  ## Style, format, structure and names
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	failed=; for tool in structure banned_names; do $(BIN)/python tools/$$tool.py || failed=1; done; test -z "$$failed"

# mypy does not follow setup.cfg's package_dir: it is shown the three folders as the one package they install as.
types: .venv/dev  ## Static types (mypy, strict) of the package, the tools and the examples
	rm -rf build/typing && mkdir -p build/typing/robustbench_endo
	for item in robustbench_endo/* corruptions reports; do ln -s "$(CURDIR)/$$item" build/typing/robustbench_endo/; done
	cd build/typing && ../../$(BIN)/mypy --config-file ../../setup.cfg --cache-dir ../../.mypy_cache -p robustbench_endo
	cd build/typing && MYPYPATH=. ../../$(BIN)/mypy --config-file ../../setup.cfg --cache-dir ../../.mypy_cache ../../examples
	$(BIN)/mypy --config-file setup.cfg tools

# What takes too long for every commit: attacks on the command line, and, by soak-statistics, branch coverage of all
# tests, mutants of metrics and statistics, coverage of the intervals and size of the tests on simulated studies.
soak soak-statistics: export OMP_NUM_THREADS = 1
soak: .venv/dev .venv/bench  ## Kills, signals, fuzzed files, traps, edited runs, large inputs (an hour); table of the README
	$(BIN)/python tools/soak/run.py --out benchmarks/results/soak.json; failed=$$?; \
	$(BIN)/python docs/soak_table.py --write; exit $$failed

soak-statistics: .venv/dev .venv/bench  ## Branch coverage, mutation score, simulations behind docs/statistics.md (an hour)
	$(BIN)/python -m pytest -n $(WORKERS) --cov --cov-branch --cov-fail-under=92
	$(BIN)/python tools/mutation.py --out benchmarks/results/mutation.json
	cd benchmarks && ../$(BIN)/python bench_statistics.py

audit: .venv/lint  ## Security: bandit over the code, pip-audit over the packages where its advisories can be reached
	$(BIN)/python tools/audit.py

docs: .venv/docs  ## Documentation site in build/docs, with the report of `make demo` as the example if it exists
	$(BIN)/python docs/build_site.py

figures: .venv/figures  ## Images of README and documentation, outputs of the notebook and of the tutorials, from synthetic data
	$(BIN)/python docs/make_figures.py
	$(BIN)/python docs/notebook_run.py
	$(BIN)/python docs/page_runner.py --write

checkpoints: .venv/training  ## Train the three shipped models from scratch (about 90 minutes)
	$(BIN)/python -m robustbench_endo.training.rebuild_checkpoints

# A benchmark writes its numbers to benchmarks/results and fails where they miss what is promised; docs/speed.md is
# written from them. bench_evaluation.py and bench_table7.py take longest.
bench: .venv/bench  ## All benchmarks on the CPU; numbers in benchmarks/results and docs/speed.md
	failed=; for script in benchmarks/bench_*.py; do $(BIN)/python $$script || failed="$$failed $$script"; done; \
	$(BIN)/python docs/speed_page.py; \
	test -z "$$failed" || { echo "Failed, or not as promised:$$failed" >&2; exit 1; }

# Without installation, because machines with a GPU may be offline: CONTRIBUTING.md says what it needs.
gpu:  ## Everything that has a target on a GPU, in 9 minutes: tests, agreement, speed, memory; result in runs/gpu
	$(if $(wildcard $(BIN)/python),$(BIN)/python,$(PYTHON)) benchmarks/gpu_all.py --out runs/gpu

dist: .venv/bin/uv  ## Source distribution and wheel in dist, checked by twine
	rm -rf dist
	$(BIN)/uv build --quiet --out-dir dist
	$(BIN)/uv tool run --quiet --from 'twine>=6.1' twine check --strict dist/*.whl dist/*.tar.gz

clean:  ## Delete .venv, runs and everything built
	rm -rf .venv build dist runs *.egg-info .mypy_cache .ruff_cache .pytest_cache
	find . -name __pycache__ -prune -exec rm -rf {} +

.venv/bin/uv:
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet uv

.venv/%: setup.cfg pyproject.toml | .venv/bin/uv
	$(BIN)/uv pip install --quiet --python $(BIN)/python --editable '.[$(EXTRAS_$*)]'
	touch $@
