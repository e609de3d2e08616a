# Everything there is to type. `make` alone lists it.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

# The first Python that the project runs on; `make PYTHON=...` names another.
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11; do \
	  if "$$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' \
	      2>/dev/null; then command -v "$$python"; break; fi; done)
# The .venv when it is there: `make clean` and `make doctor` work without one.
PYTHON_AT_HAND = $(or $(wildcard .venv/bin/python),$(PYTHON),python3)

VENV := .venv/.complete
RUN := .venv/bin/python -m
# The tests that need no cluster: all but those that other targets run, so that none is forgotten.
UNIT_TESTS := tests $(addprefix --ignore tests/, \
  live mutants/test_mutants.py labs/test_labs.py labs/test_manifests.py book/test_pages.py)
VALE := .venv/bin/vale
# What vale reads, besides the sentences of the claims.
PROSE := README.md CONTRIBUTING.md CHANGELOG.md book labs nbclaims kubelab cluster tests
# The HTML is complete, and what it is built from: directories too, for files that are removed.
# Absolute paths, because `book`, `labs` and `cluster` are also the names of targets.
HTML := _build/html/.complete
HTML_SOURCES = $(shell find $(addprefix $(CURDIR)/,_config.yml _toc.yml pyproject.toml \
  requirements.txt book labs nbclaims kubelab cluster $(wildcard recorded _build/evidence)) \
  -name __pycache__ -prune -o -print)
# The cluster goes before the tests that ask it: a kubelet that waits for a processor reports late.
RUN_ON_CLUSTER := nice $(RUN)
# kubectl, go and jupyter are those of the .venv, also for the programs they start.
export PATH := $(CURDIR)/.venv/bin:$(PATH)

.PHONY: help
help: ## List the targets
	@echo 'Kubernetes, observed. Times: two cores, everything cached / a fresh machine.'
	@echo
	@awk -F ':.*## | [|] ' '/^[a-z][a-z.-]*:.*## / { printf "  make %-17s %-64s %s\n", $$1, $$2, $$3 }' Makefile
	@echo
	@echo 'IMAGES=built or IMAGES=pulled decides where images come from, else what answers does.'

##### What readers need

.PHONY: book
book: $(VENV) ## The whole book; only what changed runs again | 10 min / 25 min
	@$(MAKE) --no-print-directory labs
	@$(MAKE) --no-print-directory --silent $(HTML)
	@echo 'Open file://$(CURDIR)/_build/html/index.html'

.PHONY: cluster
cluster: $(VENV) ## Start the cluster, or find it healthy | 3 s / 15 min
	@$(RUN) cluster up

.PHONY: lab
lab: cluster ## Open the labs in JupyterLab, as copies in my-labs/
	@KUBECONFIG=$(CURDIR)/.state/kubeconfig exec $(RUN) kubelab.workplace

.PHONY: labs
labs: $(VENV) ## Run labs without valid evidence; FORCE=1 all, SLOW=1 slow ones | 8 min
	@$(RUN) nbclaims pending labs || $(MAKE) --no-print-directory pending-labs

.PHONY: pending-labs
pending-labs: cluster
	@$(RUN_ON_CLUSTER) pytest --pending -n 6 --dist worksteal tests/labs/test_labs.py

.PHONY: html
html: $(VENV) ## Build the HTML from the last run of the labs, without a cluster | 30 s
	@rm -f $(HTML)
	@$(MAKE) --no-print-directory $(HTML)
	@echo 'Open file://$(CURDIR)/_build/html/index.html'

# From nothing each time: a second build would not repeat the warnings of the first, and a broken
# book would pass; and pages of chapters that are gone would stay.
$(HTML): $(HTML_SOURCES)
	@rm -rf _build/html
	@.venv/bin/jupyter-book build --quiet --all -n -W --keep-going . >/dev/null
	@touch $@

.PHONY: doctor
doctor: ## Say what this machine lacks, and the command that mends it | 1 s
	@$(PYTHON_AT_HAND) -m cluster doctor

.PHONY: clean
clean: ## Remove everything that was made, and say what is kept | 10 s
	@$(PYTHON_AT_HAND) -m cluster clean

##### What authors need

.PHONY: test
test: $(VENV) ## All that CI runs | 45 min / 65 min
	@$(MAKE) --no-print-directory lint
	@$(MAKE) --no-print-directory unit
	@$(MAKE) --no-print-directory cluster
	@$(RUN) pytest tests/live tests/labs/test_manifests.py
	@$(MAKE) --no-print-directory labs
	@$(MAKE) --no-print-directory mutants
	@$(MAKE) --no-print-directory html
	@$(RUN) pytest -n 2 --dist worksteal tests/book/test_pages.py

.PHONY: lint
lint: $(VENV) $(VALE) ## Check style, types, imports, wording and spelling | 15 s
	@$(RUN) ruff check --quiet
	@$(RUN) ruff format --check --quiet
	@$(RUN) mypy --no-error-summary
	@contracts=$$(.venv/bin/lint-imports --no-logo --no-cache) || { echo "$$contracts"; exit 1; }
	@git grep -lE '^#!.*\b(ba)?sh$$' | xargs .venv/bin/shellcheck
	@mkdir -p _build && $(RUN) nbclaims sentences >_build/sentences.md
	@$(VALE) --output=line $(PROSE) _build/sentences.md

.PHONY: unit
unit: $(VENV) ## Tests that need no cluster, examples in docstrings, coverage | 20 s
	@$(RUN) pytest -n 2 --cov --doctest-modules nbclaims kubelab $(UNIT_TESTS)

.PHONY: mutants
mutants: $(VENV) ## Show that claims fail under their mutants; FORCE=1 all | 30 min
	@$(RUN) nbclaims pending mutants || $(MAKE) --no-print-directory pending-mutants

.PHONY: pending-mutants
pending-mutants: cluster
	@$(RUN_ON_CLUSTER) pytest --pending -n 10 --maxschedchunk 1 tests/mutants

.PHONY: notebooks
notebooks: $(VENV) ## Write the notebooks from their Markdown sources
	@$(RUN) nbclaims notebooks

.PHONY: record
record: $(VENV) ## Keep the last runs in recorded/, for machines without a run
	@$(RUN) nbclaims record

.PHONY: diagrams
diagrams: $(VENV) ## Draw the diagrams that were written or changed
	@$(RUN) book._ext.drawing

.PHONY: bench-cluster
bench-cluster: $(VENV) ## Measure how fast the cluster comes up
	@$(RUN) cluster bench

.PHONY: pin
pin: $(VENV) ## Write the digests of the images that are pulled
	@$(RUN) cluster pin

##### The Python environment

# Written last: an interrupted installation is done again.
$(VENV): requirements.txt pyproject.toml
	@[ -n "$(PYTHON)" ] || { \
	  echo 'Python 3.11, 3.12 or 3.13 is needed, and none is on the PATH.'; \
	  echo '  Next: apt-get install python3 python3-venv   (macOS: brew install python@3.13)'; \
	  exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  package=$$($(PYTHON) -c 'import sys; print("python3.%d-venv" % sys.version_info[1])'); \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    echo "Installing $$package with apt-get ..."; \
	    $(PYTHON) -c "from cluster.debian import install; install(['$$package'], 'for .venv')"; \
	  else \
	    echo "$(PYTHON) cannot make a virtual environment."; \
	    echo "  Next: sudo apt-get install $$package"; \
	    exit 1; \
	  fi; }
	@echo 'Installing the Python packages of requirements.txt into .venv (about 1 min) ...'
	@$(PYTHON) -m venv .venv
	@$(RUN) pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@$(RUN) pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

# Vale is a Go program; its module, with everything that it needs, is pinned in .vale/go.sum.
$(VALE): .vale/go.mod $(VENV)
	@echo 'Compiling vale, which checks wording and spelling (about 1 min) ...'
	@mkdir -p _build && cd .vale && go build -o ../$@ github.com/vale-cli/vale/v3/cmd/vale 2>../_build/vale.log \
	  || { cat ../_build/vale.log; exit 1; }

# Only when asked for: a checkout gives both files any age.
ifneq ($(filter requirements.txt,$(MAKECMDGOALS)),)
.PHONY: requirements.txt
requirements.txt: pyproject.toml ## Resolve the names in pyproject.toml to versions and hashes
	@$(RUN) pip install --quiet --disable-pip-version-check uv
	@.venv/bin/uv pip compile --quiet pyproject.toml --all-extras --universal \
	  --python-version 3.11 --generate-hashes --custom-compile-command 'make requirements.txt' --output-file $@
endif
