# SPDX-License-Identifier: GPL-3.0-or-later
#
#   make plan [INVENTORY=prod] [APPLY=yes]   the whole plan of an inventory, on this machine, without an account
#   make check | integration | lab-tests | molecule | test | bench  the tests, see scripts/run_layers.py
#   make soak                                what CI leaves out for time
#   make lock [UPGRADE=yes]                  requirements/*.lock from requirements/*.in
#
# Everything is installed below $(SLIPWAY_CACHE) (.cache) from locks with hashes. Only the lab needs root.

PYTHON ?= python3.11
INVENTORY ?= prod

SUDO := $(if $(filter 0,$(shell id -u)),,sudo)
AS_ROOT = $(SUDO) env "PATH=$$PATH"
LOCKS := bootstrap dev bench
COLLECTION := collections/ansible_collections/slipway/platform
TYPED := $(wildcard $(COLLECTION)/plugins lab scripts tests)
PYTEST = pytest --junitxml=build/reports/$@.xml

export ANSIBLE_CONFIG := $(CURDIR)/ansible.cfg
export PATH := $(CURDIR)/.venv/bin:$(PATH)
export PYTHON

.DEFAULT_GOAL := help
.PHONY: help venv venv-bench plan check test lint unit unit-lab sanity artefact integration lab-tests molecule soak bench lock format clean distclean \
	ruff types complexity yaml ansible-lint changelog shell

help:
	@sed -n '3,6s/^#  \{0,1\}//p' $(MAKEFILE_LIST)

venv:
	@scripts/bootstrap.sh dev .venv

venv-bench:
	@scripts/bootstrap.sh bench .venv-bench

plan: venv
	@scripts/plan.sh $(INVENTORY) $(APPLY)

check: venv
	@python -m scripts.run_layers check

test: venv
	@python -m scripts.run_layers check integration lab molecule

lint: ruff types complexity yaml ansible-lint changelog shell

ruff: venv
	ruff check
	ruff format --check

types: venv
	mypy $(TYPED)

complexity: venv
	complexipy --failed --color no --cache-dir .cache/complexipy --max-complexity-allowed 10 $(wildcard plugins lab scripts)

yaml: venv
	yamllint --strict .

ansible-lint: venv
	ansible-lint --nocolor

changelog: venv
	antsibull-changelog lint

shell: venv
	shellcheck .ci/run bin/lab $(wildcard scripts/*.sh)

# Apart: the emulator makes moto stricter for the whole process, and the kinds are tested against moto as it is.
unit: venv
	$(PYTEST) tests/unit --ignore tests/unit/lab

unit-lab: venv
	$(PYTEST) tests/unit/lab

sanity: venv
	python -m scripts.sanity

artefact: venv
	$(PYTEST) tests/artefact

integration: venv
	$(PYTEST) tests/integration

# The lab's tests make namespaces and containers: they need root, and the system packages that its doctor knows of.
lab-tests: venv
	@$(SUDO) bin/lab doctor --fix
	$(AS_ROOT) $(PYTEST) tests/lab

# A scenario a role, on a lab of its own. One of them: make molecule SCENARIO=default
molecule: venv
	@$(SUDO) bin/lab doctor --fix
	$(AS_ROOT) bin/lab --lab molecule up
	@status=0; $(AS_ROOT) bin/lab --lab molecule exec -- molecule --base-config molecule/shared/base.yml test \
	    $(if $(SCENARIO),--scenario-name $(SCENARIO),--all) || status=$$?; \
	$(AS_ROOT) bin/lab --lab molecule down; exit $$status

# The engine's tests run here against the API of a lab, so with hosts behind it.
soak: venv
	SLIPWAY_SOAK=1 $(PYTEST) tests/integration/stack/test_crash.py tests/unit/plugins
	$(AS_ROOT) SLIPWAY_SOAK=1 pytest tests/lab/whole/test_killed.py
	$(AS_ROOT) bin/lab --lab soak up --lag 100-500
	@status=0; $(AS_ROOT) bin/lab --lab soak exec -- pytest tests/integration/stack -k "not prod and not bounded" || status=$$?; \
	$(AS_ROOT) bin/lab --lab soak down; exit $$status
	@git rev-parse HEAD > tests/integration/soak.commit

bench: venv-bench
	PATH="$(CURDIR)/.venv-bench/bin:$$PATH" python -m tests.bench

# uv keeps what a lock already holds where it still fits; UPGRADE=yes takes the newest.
lock:
	@scripts/bootstrap.sh bootstrap .venv-lock
	@for name in $(LOCKS); do .venv-lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate \
	    --custom-compile-command "make lock" $(if $(UPGRADE),--upgrade) requirements/$$name.in --output-file requirements/$$name.lock; done
	@.venv-lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-deps \
	    --custom-compile-command "make lock" requirements/collections.in --output-file requirements/collections.lock

format: venv
	ruff check --fix
	ruff format
	python -m scripts.role_readme
	python -m scripts.reference

clean:
	rm -rf build .ansible .hypothesis

distclean: clean
	rm -rf .cache .venv .venv-bench .venv-lock
