# SPDX-License-Identifier: GPL-3.0-or-later
#
#   make lab [INVENTORY=lab]                 an inventory's platform on this machine, with real hosts; as root or by sudo
#   make lab-down                            takes it away
#   make plan [INVENTORY=prod] [APPLY=yes]   the plan of an inventory's AWS resources; no hosts, no root
#   make test                                all tests that CI runs; its layers: check integration lab-tests molecule
#   make soak | bench                        what CI leaves out for time; figures
#   make lock [UPGRADE=yes]                  requirements/*.lock from requirements/*.in
#
# Everything is installed below $(SLIPWAY_CACHE) (.cache) from locks with hashes. Only the lab needs root.

PYTHON ?= python3.11

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
.PHONY: help system venv venv-bench venv-services lab lab-down plan check test lint unit unit-lab sanity artefact services integration lab-tests molecule e2e soak bench lock format clean distclean \
	ruff types complexity yaml ansible-lint changelog shell

help:
	@sed -n '3,8s/^#  \{0,1\}//p' $(MAKEFILE_LIST)

venv:
	@scripts/bootstrap.sh dev .venv

venv-bench:
	@scripts/bootstrap.sh bench .venv-bench

# The distribution's packages; the lab's own are its doctor's.
system:
	@scripts/system.sh

lab: system venv
	@$(AS_ROOT) scripts/lab.sh $(or $(INVENTORY),lab)

lab-down: venv
	@$(SUDO) bin/lab down

venv-services:
	@scripts/bootstrap.sh services .venv-services

plan: system venv
	@scripts/plan.sh $(or $(INVENTORY),prod) $(APPLY)

check: venv
	@python -m scripts.run_layers check

test: system venv
	@scripts/system.sh --tests
	@python -m scripts.run_layers check integration lab molecule

lint: ruff types complexity yaml ansible-lint changelog shell

ruff: venv
	ruff check
	ruff format --check

types: venv
	mypy $(TYPED)

complexity: venv
	complexipy --failed --color no --cache-dir .cache/complexipy --max-complexity-allowed 10 $(wildcard plugins lab scripts services)

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

# The services in an environment of their own, against a PostgreSQL that they start. --rootdir: a service's folder is not its package.
services: venv-services
	PATH="$(CURDIR)/.venv-services/bin:$$PATH" mypy --config-file services/pyproject.toml services
	PATH="$(CURDIR)/.venv-services/bin:$$PATH" $(PYTEST) -c services/pyproject.toml --rootdir . services

# The lab's tests make namespaces and containers: they need root, and the system packages that its doctor knows of.
lab-tests: venv
	@$(SUDO) bin/lab doctor --fix
	$(AS_ROOT) $(PYTEST) tests/lab

# A scenario a role, on a lab of its own. One of them: make molecule SCENARIO=default
molecule: venv
	@$(SUDO) bin/lab doctor --fix
	$(AS_ROOT) bin/lab --lab molecule up
	@status=0; $(AS_ROOT) bin/lab --lab molecule exec -- molecule test \
	    $(if $(SCENARIO),--scenario-name $(SCENARIO),--all) || status=$$?; \
	$(AS_ROOT) bin/lab --lab molecule down; exit $$status

# One lab with the platform of inventories/lab: made, used, damaged, repaired, removed.
e2e: venv
	@$(SUDO) bin/lab doctor --fix
	$(AS_ROOT) $(PYTEST) tests/e2e

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
	@compile=".venv-lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-emit-package slipway-service-kit $(if $(UPGRADE),--upgrade)"; \
	$$compile --custom-compile-command "make lock" requirements/services.in services/*/pyproject.toml --output-file requirements/services.lock; \
	for lock in services/*/requirements.lock; do $$compile --custom-compile-command "make lock" --constraints requirements/services.lock \
	    $$(dirname $$lock)/pyproject.toml --output-file $$lock; done

format: venv
	ruff check --fix
	ruff format
	python -m scripts.role_readme
	python -m scripts.reference

clean:
	rm -rf build .ansible .hypothesis

distclean: clean
	rm -rf .cache .venv .venv-bench .venv-lock .venv-services
