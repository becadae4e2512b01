# Two commands for a fresh machine: `make run` and `make test`. Each sets up .venv/ first.
PYTHON ?= python3
VENV := .venv
READY := $(VENV)/.ready

.PHONY: run test lint docs api clean

run: $(READY)
	$(VENV)/bin/python -m emoclass run --plugin happysad

test: $(READY)
	$(VENV)/bin/python -m pytest

lint: $(READY)
	$(VENV)/bin/python -m pip install --quiet -e ".[dev]"
	$(VENV)/bin/python -m ruff check .
	$(VENV)/bin/python -m ruff format --check .
	$(VENV)/bin/python -m mypy

docs: $(READY)
	$(VENV)/bin/python docs/generate.py

# Only where a public name is meant to change: see docs/compatibility.md
api: $(READY)
	$(VENV)/bin/python docs/public_api.py

clean:
	rm -rf $(VENV)

$(READY): pyproject.toml plugins/happysad/pyproject.toml plugins/datasets/pyproject.toml plugins/yunet/pyproject.toml plugins/faces/pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || \
		{ echo "emoclass needs Python 3.11 to 3.13 (TensorFlow has no others): make PYTHON=python3.13 $(MAKECMDGOALS)"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --upgrade pip
	$(VENV)/bin/python -m pip install --quiet -e ".[train,test]" -e plugins/happysad -e plugins/datasets -e plugins/yunet -e plugins/faces
	@touch $(READY)
