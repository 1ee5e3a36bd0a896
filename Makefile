# make run: sets up everything and opens the dashboard.   make share: opens it to your network.   make test: sets up everything and passes the tests.
# HTTPS=1 with make share: encrypted, with a certificate that is made here, so that the cameras of phones work.
# CPU=1 with any of them, the first time: PyTorch without CUDA, 1 GB instead of 6 on Linux, for a computer without a GPU.
PYTHON ?= python3
BIN := .venv/bin
SETUP := $(PYTHON) -m core setup $(if $(CPU),--torch cpu)
CHROMIUM := $(firstword $(TRAINDESK_CHROMIUM) $(shell command -v chromium-headless-shell || command -v chromium || command -v chromium-browser || command -v google-chrome))

.PHONY: run share test lint coverage clean

run: .venv/installed
	$(BIN)/python -m core run

share: .venv/installed
	$(BIN)/python -m core share $(if $(HTTPS),--https)

test: .venv/installed-dev lint
ifeq ($(CHROMIUM),)
	$(BIN)/playwright install chromium || echo "No Chromium could be installed: the browser tests will be skipped."
endif
	$(BIN)/python -m pytest -n auto --dist loadfile

lint: .venv/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

coverage: .venv/installed-dev
	$(BIN)/python -m pytest -m "not slow" -n auto --dist loadfile --cov core --cov-report term:skip-covered

.venv/installed: requirements.txt
	$(SETUP)

.venv/installed-dev: requirements-dev.txt requirements-nodes.txt .venv/installed
	$(SETUP) --dev

clean:
	rm -rf .venv static/*.js .pytest_cache .ruff_cache .mypy_cache .coverage
