# `make` lists the targets. Everything runs in $(VENV), which is created if it is missing or older than setup.cfg.

PYTHON ?= python3
VENV ?= .venv
MINIMA_VENV ?= .venv-minima
DATA ?=

DEMO := runs/demo
DEMO_RECIPE := --recipe modern --arch compact-s --epochs 24 --batch-size 64 --mixup 0 --erase 0 --label-smoothing 0
DEMO_TRAIN_FLAGS ?= --data synthetic $(DEMO_RECIPE) --overwrite
DEMO_EXPORT_FLAGS ?= --all --skip-failed
DEMO_RUN_FLAGS ?= --camera demo --frames 60
TRAIN_FLAGS ?=
BENCH_FLAGS ?=
STREAM_FLAGS ?=
STEADINESS_FLAGS ?=
VOTES_FLAGS ?=
PI_FLAGS ?=
DETECTOR_FLAGS ?=
PROCESSORS_FLAGS ?=
STRESS_FLAGS ?=
FUZZ_FLAGS ?=
SOAK_FLAGS ?=
ABLATION_FLAGS ?=
OWN_CLASSES_FLAGS ?=
# One process per core; the tests of a file stay together, as they share fixtures.
PYTEST_FLAGS ?= --numprocesses auto --dist loadfile

BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
DATA_FLAG = $(if $(DATA),--data "$(DATA)")

.DEFAULT_GOAL := help
.PHONY: help demo test test-all coverage minima lint types bench bench-stream steadiness detector detector-files pi processors fuzz soak stress ablation own-classes figures pi-figures votes-pictures readme-pictures train clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' Makefile

demo: $(INSTALLED) ## train a small network on synthetic faces, export, verify, run the shipped model on a stream
	$(BIN)/fer-edge train $(DEMO_TRAIN_FLAGS) --output $(DEMO)
	$(BIN)/fer-edge export $(DEMO)/model.keras $(DEMO_EXPORT_FLAGS) --output $(DEMO)/export
	$(BIN)/fer-edge run $(DEMO_RUN_FLAGS) --jsonl $(DEMO)/stream.jsonl --output $(DEMO)/stream.mp4
	@echo
	@echo "the trained network      $(DEMO)/model.keras"
	@echo "its TFLite, ONNX files   $(DEMO)/export/"
	@echo "each frame's expressions $(DEMO)/stream.jsonl"
	@echo "the annotated video      $(DEMO)/stream.mp4"

test: $(INSTALLED) ## run the quick tests (minutes)
	$(BIN)/python -m pytest $(PYTEST_FLAGS) -m 'not slow'

test-all: test ## run all tests: the quick ones, then the slow ones
	$(BIN)/python -m pytest $(PYTEST_FLAGS) -m slow

coverage: $(INSTALLED) ## list the lines that the quick tests do not run; fails below the floor in setup.cfg (a quarter of an hour)
	$(BIN)/python -m pytest $(PYTEST_FLAGS) -m 'not slow' --cov

minima: ## run the quick tests with the oldest versions that setup.cfg allows, in their own environment
	$(PYTHON) -m venv --clear $(MINIMA_VENV)
	$(MINIMA_VENV)/bin/python -m pip install --quiet uv
	$(MINIMA_VENV)/bin/uv pip install --python $(MINIMA_VENV)/bin/python --resolution lowest-direct --editable '.[dev]'
	$(MINIMA_VENV)/bin/python -m pytest $(PYTEST_FLAGS) -m 'not slow'

lint: $(INSTALLED) ## check style and formatting with ruff
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(INSTALLED) ## check types with mypy
	$(BIN)/mypy

bench: $(INSTALLED) ## measure exported files and full models (minutes): make bench DATA=faces.zip BENCH_FLAGS="--peer fer"
	$(BIN)/python -m pytest benchmarks $(DATA_FLAG) $(BENCH_FLAGS)

bench-stream: $(INSTALLED) ## measure a stream: processor time, memory, dropped frames (minutes, on an idle machine)
	$(BIN)/python -m benchmarks.stream.streaming $(STREAM_FLAGS)

steadiness: $(INSTALLED) ## measure flicker and delay of labels for each smoothing: make steadiness DATA=faces.zip
	$(BIN)/python -m benchmarks.stream.steadiness $(DATA_FLAG) $(STEADINESS_FLAGS)

detector: $(INSTALLED) ## count the faces that each way to compute the detector finds (minutes): make detector DATA=faces.zip
	$(BIN)/python -m benchmarks.detector $(DATA_FLAG) $(DETECTOR_FLAGS)

detector-files: $(INSTALLED) ## make and verify the detector's files that ship (minutes): make detector-files DATA=faces.zip
	$(BIN)/python -m benchmarks.detector.files $(DATA_FLAG)

pi: $(INSTALLED) ## check and count instructions on an emulated Raspberry Pi (minutes): make pi DATA=faces.zip
	$(BIN)/python -m benchmarks.pi $(DATA_FLAG) $(PI_FLAGS)

processors: $(INSTALLED) ## compare all files' classes with emulated older processors (minutes)
	$(BIN)/python -m benchmarks.pi.processors $(DATA_FLAG) $(PROCESSORS_FLAGS)

fuzz: $(INSTALLED) ## hunt for faults with damaged and hostile input (minutes; hours: FUZZ_FLAGS="--inputs 20000 --seed 1")
	$(BIN)/python -m benchmarks.fuzz $(FUZZ_FLAGS)

soak: $(INSTALLED) ## kills, lost cameras and brokers, clock jumps, full disks, crowds (10 minutes; SOAK_FLAGS="--minutes 2")
	$(BIN)/python -m benchmarks.soak $(SOAK_FLAGS)

stress: $(INSTALLED) ## measure the networks on faces made harder to read (minutes): make stress DATA=faces.zip
	$(BIN)/python -m benchmarks.figures.stress $(DATA_FLAG) $(STRESS_FLAGS)

ablation: $(INSTALLED) ## train without each part of the modern recipe (hours): make ablation DATA=faces.zip
	$(BIN)/python -m benchmarks.training.ablation $(DATA_FLAG) $(ABLATION_FLAGS)

own-classes: $(INSTALLED) ## train smile-or-not networks from few images (an hour): make own-classes DATA=faces.zip
	$(BIN)/python -m benchmarks.training.own_classes $(DATA_FLAG) $(OWN_CLASSES_FLAGS)

figures: $(INSTALLED) ## fill in docs/networks.md, its picture and the README from the report of make bench
	$(BIN)/python -m benchmarks.figures.networks
	$(BIN)/python -m benchmarks.figures.readme

pi-figures: $(INSTALLED) ## fill in what each board needs, in docs/networks.md and docs/device.md, from make pi's counts
	$(BIN)/python -m benchmarks.figures.boards

votes-pictures: $(INSTALLED) ## draw the pictures of docs/votes.md: make votes-pictures DATA=faces.zip VOTES_FLAGS="--model FILE"
	$(BIN)/python -m benchmarks.figures.votes_pictures $(DATA_FLAG) $(VOTES_FLAGS)

readme-pictures: $(INSTALLED) ## draw the README's animation and screenshots anew (minutes, on an idle machine)
	$(BIN)/python -m benchmarks.figures.demo_animation
	$(BIN)/python -m benchmarks.figures.preview_picture
	$(BIN)/python -m benchmarks.figures.summary_picture

train: $(INSTALLED) ## train on real faces (hours): make train DATA=faces.zip
	$(BIN)/fer-edge train $(DATA_FLAG) $(TRAIN_FLAGS)

clean: ## remove caches, build products and the demo's files; keep the environment and other runs
	rm -rf $(DEMO) build dist *.egg-info .benchmarks .coverage htmlcov .mypy_cache .pytest_cache .ruff_cache
	find . -path './$(VENV)' -prune -o -name __pycache__ -type d -prune -exec rm -rf {} +

$(INSTALLED): setup.cfg pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || \
		{ echo "expected Python 3.10 or newer, got `$(PYTHON) --version 2>&1`; try: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --upgrade pip
	$(BIN)/python -m pip install --editable '.[dev]'
	@touch $@
