# Two commands do everything: `make demo` and `make test`. Each sets itself up.
SHELL  := /bin/bash
PY     := .venv/bin/python
# Which Python the environment is made of: make setup PYTHON=python3.12
PYTHON ?= python3
export TZ := UTC
export PYTHONHASHSEED := 0

.PHONY: demo test proof bench lint proto setup setup-debian setup-node clean

demo: setup
	@.venv/bin/risk demo $(ARGS)

# A process per core, at most four: the tests start servers of their own. A file stays in one
# process, or each would build the worlds, models and servers that the file's tests share.
test: setup setup-debian setup-node lint
	$(PY) -m pytest -m "not proof" -n auto --maxprocesses 4 --dist loadfile $(ARGS)

# Long proofs: kill -9, traced system calls, large worlds. Not part of `make test`.
proof: setup setup-debian
	$(PY) -m pytest -m proof $(ARGS)

bench: setup setup-debian
	$(PY) -m tests.bench $(ARGS)

lint: setup
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/lint-imports
	.venv/bin/buf lint proto
	$(PY) -m tests.contract.proto_drift

proto: setup
	bash proto/generate.sh

setup: .venv/.installed

.venv/.installed: pyproject.toml constraints.txt
	@PYTHON=$(PYTHON) bash .ci/python-environment
	@echo "Installing the Python packages (a few minutes the first time) ..."
	@.venv/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[training,redis,postgres,feast-production,dev]'
	@.venv/bin/python -m risk_service.adapters.live.flat
	@.venv/bin/python -m risk_service.loops
	@touch $@

# Debian packages for what the tests start: a load generator, a system-call tracer, Redis, PostgreSQL.
setup-debian:
	@bash .ci/debian-packages

# What the JavaScript of the documentation needs, where there is Node.js to run it.
setup-node:
	@bash .ci/node-packages

clean:
	rm -rf .venv build .pytest_cache .mypy_cache .ruff_cache
