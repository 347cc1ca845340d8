# The project's commands; `make` alone lists them. Works with GNU make 3.81 and later.
#
# Everything lives in .venv. The locks hold every package with its hashes, the build backend
# included, so nothing is resolved or fetched outside them. The project itself is installed
# editable: a line changed in the code is what the next command runs, without another install.
# The stamps in .venv say what is done already, so a second run goes straight to its work.

.DEFAULT_GOAL := help
.PHONY: help demo serve cluster test lint bench soak simulate days jars lock clean

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

# Override on the command line: make demo PYTHON=/opt/python3.12/bin/python3 DATA=sales.csv ARGS=…
PYTHON :=
DATA :=
ARGS :=
CANDIDATES := $(or $(PYTHON),python3.11 python3.12 python3.13 python3)

help: ## list these commands
	@awk -F ': .*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' Makefile

demo: $(VENV)/runtime ## look at a real retailer's stock, orders and customers (DATA=file.csv: at all of it)
	@set -- $(ARGS); \
	if [ -n "$(DATA)" ]; then \
	  set -- --file "$(DATA)" --data ".onebook-$$(basename "$(DATA)" .csv)" "$$@"; \
	fi; \
	exec $(BIN)/onebook demo "$$@"

serve: $(VENV)/runtime ## serve the ledger in .onebook (ARGS: options of onebook serve)
	@exec $(BIN)/onebook serve $(ARGS)

cluster: $(VENV)/runtime ## run Onebook on 3 Kafka brokers of this machine (ARGS: options of python -m cluster)
	@exec $(BIN)/python -m cluster $(ARGS)

test: $(VENV)/dev ## run the tests (ARGS: options of pytest)
	@$(BIN)/python -m pytest $(ARGS)

lint: $(VENV)/dev ## check style, types and the direction of imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

bench: $(VENV)/runtime ## measure, every figure beside its reference (ARGS: options of the benchmarks)
	@exec $(BIN)/python -m benchmarks $(ARGS)

jars: $(VENV)/runtime ## fetch the Apache Kafka that tests and `make cluster` run, once (needs Java, Maven)
	@$(BIN)/python -m cluster.jars

MINUTES := 20
soak: $(VENV)/dev ## break a cluster of real brokers for MINUTES=20 and prove what is left (ARGS: --seed N --report FILE)
	@PYTHONPATH=tests/support exec $(BIN)/python -m chaos --minutes $(MINUTES) $(ARGS)

simulate: $(VENV)/dev ## run writers over a simulated Kafka by 5000 seeds (ARGS: --first N --seeds N --verbose)
	@PYTHONPATH=tests/support exec $(BIN)/python -m simulation $(or $(ARGS),--seeds 5000)

days: $(VENV)/dev ## let a retailer trade by 5000 seeds and hold the books against it (ARGS: --first N --seeds N --jobs N)
	@PYTHONPATH=tests/support exec $(BIN)/python -m retail $(or $(ARGS),--seeds 5000)

COMPILE := $(BIN)/uv pip compile --quiet pyproject.toml --group build \
  --generate-hashes --universal --python-version 3.11 --custom-compile-command 'make lock'

lock: $(VENV)/dev ## write the locks anew from pyproject.toml (ARGS=--upgrade: with the newest versions)
	$(COMPILE) $(ARGS) --output-file requirements/runtime.lock
	$(COMPILE) $(ARGS) --group lock --extra test --extra lint \
	  --constraint requirements/runtime.lock --output-file requirements/dev.lock

clean: ## remove .venv and the tools' caches; data directories stay
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

$(VENV)/created:
	@new=; for python in $(CANDIDATES); do \
	  "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 || continue; \
	  new=$$python; \
	  "$$python" -c 'import ensurepip, venv' >/dev/null 2>&1 || continue; \
	  echo "Creating $(VENV) with $$("$$python" --version)"; \
	  "$$python" -m venv --clear $(VENV) && touch $@; \
	  exit $$?; \
	done; \
	if [ -n "$$new" ]; then \
	  echo "$$new has no venv module. Install it (Debian, Ubuntu: apt-get install python3-venv)," >&2; \
	else \
	  echo "Onebook needs Python 3.11 or later; tried: $(CANDIDATES). Install one," >&2; \
	fi; \
	echo "or name another Python: make PYTHON=path/to/python3" >&2; \
	exit 1

$(VENV)/runtime: $(VENV)/created requirements/runtime.lock pyproject.toml
	@echo "Installing Onebook and what it needs into $(VENV)"
	@$(PIP) install --require-hashes --requirement requirements/runtime.lock
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/dev: $(VENV)/runtime requirements/dev.lock
	@echo "Installing what tests and checks need into $(VENV)"
	@$(PIP) install --require-hashes --requirement requirements/dev.lock
	@touch $@
