# Two commands for a fresh machine: `make run` and `make test`. Each sets up .venv/ first.
# CONTRIBUTING.md says what `make check`, `make test` and `make test-all` are for.
PYTHON ?= python3
VENV := .venv
READY := $(VENV)/.ready
DEV := $(VENV)/.dev
# Each worker holds TensorFlow, up to 3 GB. A worker takes whole files, so that a file's fixtures are made once.
WORKERS ?= 2
PYTEST := $(VENV)/bin/python -m pytest -n $(WORKERS) --dist loadfile

.PHONY: run check test test-all lint docs api clean

run: $(READY)
	$(VENV)/bin/python -m emoclass run --plugin happysad

check: lint
	$(PYTEST) -m fast

test: $(READY)
	$(PYTEST) -m "not slow"

# The rest alone, so that `make test test-all` runs every test once.
test-all: $(READY)
	$(PYTEST) -m slow

lint: $(DEV)
	$(VENV)/bin/python -m ruff check .
	$(VENV)/bin/python -m ruff format --check .
	$(VENV)/bin/python -m mypy
	@find emoclass plugins tests -name "*.py" -exec wc -l {} + | awk '$$1 > 300 && $$2 != "total" {print "more than 300 lines:", $$2, $$1}'

docs: $(READY)
	$(VENV)/bin/python docs/generate.py

# Only where a public name is meant to change: see docs/compatibility.md
api: $(READY)
	$(VENV)/bin/python docs/public_api.py

$(DEV): $(READY)
	$(VENV)/bin/python -m pip install --quiet -e ".[dev]"
	@touch $(DEV)

clean:
	rm -rf $(VENV)

$(READY): pyproject.toml plugins/happysad/pyproject.toml plugins/datasets/pyproject.toml plugins/yunet/pyproject.toml plugins/faces/pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || \
		{ echo "emoclass needs Python 3.11 to 3.13 (TensorFlow has no others): make PYTHON=python3.13 $(MAKECMDGOALS)"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --upgrade pip
	$(VENV)/bin/python -m pip install --quiet -e ".[train,test]" -e plugins/happysad -e plugins/datasets -e plugins/yunet -e plugins/faces
	@touch $(READY)
