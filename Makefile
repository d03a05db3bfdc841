# SkinKD: what a person types. Works with GNU make 3.81 (macOS) and later.
# The first command of any kind sets everything up; later ones take no time for it.

VENV   := .venv
PYTHON := $(VENV)/bin/python
READY  := $(VENV)/.skinkd-ready
EXTRAS := .venv-extras

# Small models are fastest with one thread each; say OMP_NUM_THREADS=4 before make to change it.
test test-extras: export OMP_NUM_THREADS ?= 1

.PHONY: help setup run demo test test-long test-extras check format bench stress torture mutants installer lock clean

help:  ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(READY)  ## make .venv with everything that SkinKD needs
	@echo "SkinKD is set up: make run opens the window, make demo shows the main job"

$(READY): requirements.lock pyproject.toml installers/setup.sh installers/system-libraries.sh
	@sh installers/setup.sh

run: $(READY)  ## open the window
	@$(VENV)/bin/skinkd

demo: $(READY)  ## the main job on the built-in sample set: teacher, student, KL, DIST, curriculum
	@$(PYTHON) -m skinkd_gui.demo

test: $(READY)  ## run the tests
	@$(PYTHON) -m pytest -n logical --maxprocesses 4 --dist worksteal

test-long: $(READY)  ## run the tests that make test leaves out because they take long
	@OMP_NUM_THREADS=1 $(PYTHON) -m pytest -m long -n logical --maxprocesses 4 --dist worksteal

$(EXTRAS)/.skinkd-ready: requirements-extras.lock pyproject.toml installers/setup.sh installers/system-libraries.sh
	@sh installers/setup.sh $(EXTRAS) requirements-extras.lock

test-extras: $(EXTRAS)/.skinkd-ready  ## run the tests of the optional extras (HEIC, Ray) in an environment of their own
	@$(EXTRAS)/bin/python -m pytest -m extra tests/core

check: $(READY)  ## lint, format, types, layers, known vulnerabilities
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports
	@sh installers/audit.sh

format: $(READY)  ## put the code into its standard form
	$(VENV)/bin/ruff check --fix .
	$(VENV)/bin/ruff format .

bench: $(READY)  ## measure how fast the parts are on this machine; ARGS="--quick --only decoding" for less
	@$(PYTHON) tests/benchmarks $(ARGS)

stress: $(READY)  ## the window's tests while Python's collector runs in foreign threads; ARGS="--rounds 20" for longer
	@$(PYTHON) -m tests.stress $(ARGS)

torture: $(READY)  ## inject real faults, many times, and print how the program came through (an hour); ARGS="--only week"
	@$(PYTHON) -m tests.torture $(ARGS)

mutants: $(READY)  ## change the program a little, many times, and count how often no test notices; stops and goes on
	@$(PYTHON) -m tests.torture.mutants $(ARGS)

installer: $(READY)  ## build and try this platform's installers (about twenty minutes; EDITION=gpu: with CUDA, Linux)
	@EDITION=$(EDITION) sh installers/installer.sh

lock: $(READY)  ## resolve pyproject.toml into requirements.lock: names, versions and hashes, no addresses
	@sh installers/lock.sh

clean:  ## remove what make made (not your runs)
	rm -rf $(VENV) $(EXTRAS) .tools build dist demo-output .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .torture .benchmarks
	find core skinkd_gui resources tests -type d -name __pycache__ -prune -exec rm -rf {} +
