# `make demo` and `make test` are all a newcomer needs: both set up .venv by themselves.
PYTHON ?= python3
BIN := .venv/bin
EXTRAS := train,mtl,video,ray,report,imagecorruptions,test,docs,dev

.PHONY: install demo test lint types bench bench-gpu checkpoints figures docs clean

install: .venv/installed

.venv/installed: setup.cfg pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet uv
	$(BIN)/uv pip install --quiet --python $(BIN)/python --editable '.[$(EXTRAS)]'
	touch $@

demo: install
	$(BIN)/robust-endo evaluate --corruption all --limit 32 --out runs/demo
	@echo "Open runs/demo/report.html or runs/demo/report.pdf"

test: lint types
	$(BIN)/python -m pytest -n 2

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

# mypy does not follow setup.cfg's package_dir: it is shown the three folders as the one package they install as.
types: install
	rm -rf build/typing && mkdir -p build/typing/robustbench_endo
	for item in robustbench_endo/* corruptions reports; do ln -s "$(CURDIR)/$$item" build/typing/robustbench_endo/; done
	cd build/typing && ../../$(BIN)/mypy --config-file ../../setup.cfg --cache-dir ../../.mypy_cache -p robustbench_endo

# Each measures, keeps its numbers in benchmarks/results and says whether they are what is promised; then docs/speed.md
# is written from them. bench_evaluation.py and bench_table7.py take longest.
bench: SCRIPTS = $(filter-out %_gpu.py,$(wildcard benchmarks/bench_*.py))
# What runs on a GPU, its speed, memory and agreement with the CPU; without one it says so.
bench-gpu: SCRIPTS = $(wildcard benchmarks/bench_*_gpu.py)
bench bench-gpu: install
	failed=; for script in $(SCRIPTS); do $(BIN)/python $$script || failed="$$failed $$script"; done; \
	$(BIN)/python docs/speed_page.py; \
	test -z "$$failed" || { echo "Failed, or not as promised:$$failed" >&2; exit 1; }

# The three small models that ship with the package, trained again from nothing.
checkpoints: install
	$(BIN)/python -m robustbench_endo.training.rebuild_checkpoints

# The pictures of the README and the gallery of corruptions, drawn and measured again from synthetic data.
figures: install
	$(BIN)/python docs/make_figures.py

# The documentation as a site in build/docs, with the demo's report where `make demo` was run, else a small one.
docs: install
	$(BIN)/python docs/build_site.py

clean:
	rm -rf .venv build dist runs *.egg-info .mypy_cache .ruff_cache .pytest_cache
	find . -name __pycache__ -prune -exec rm -rf {} +
