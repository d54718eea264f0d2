# `make help` lists the targets. All that is installed goes into .venv* and .cache; all that is built into build and dist.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help build demo demo-lambda layer test test-go test-python test-checked test-deps lint lint-go lint-python bench bench-comm clean

VENV := .venv
# The first Python that is new enough and can make environments (Debian's system Python often cannot).
PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11 python3.10 python; do \
	$$python -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 10))' 2> /dev/null && echo $$python && break; done)
PIP_INSTALL = bin/python -m pip --disable-pip-version-check install --quiet
# Run elsewhere: in the checkout, `import pycylon` of a test's child would find the sources instead of the wheel.
PYTEST := pytest -q --config-file=../pyproject.toml --rootdir=.. ../tests
STATICCHECK := .cache/bin/staticcheck
VERSITYGW := github.com/versity/versitygw/cmd/versitygw@v1.8.0
SOURCES := $(shell find export gocore pycylon -name '*.go' -o -name '*.[chs]' -o -name '*.map' -o -name '*.py' 2> /dev/null) \
	go.mod go.sum setup.py pyproject.toml MANIFEST.in
WHEEL := dist/.wheel
# Compilers that the machine lacks are put into $(VENV)/bin.
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)

help: ## List the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

build: $(WHEEL) ## Build the wheel into dist/

demo: $(VENV)/.demo ## Join, group and sort real data on four connected ranks, against pandas
	cd .cache && ../$(VENV)/bin/pycylon demo

demo-lambda: .cache/lambda-runtime $(VENV)/.demo layer ## The same in four emulated Lambda functions
	$(VENV)/bin/python lambda_layer/demo.py

layer: $(VENV)/.ready $(WHEEL) ## Build the Lambda layer (x86_64) into dist/
	$(VENV)/bin/python lambda_layer/build.py

test: test-go test-python test-checked ## Run all tests (PYCYLON_TEST_ALL=1: a test that can't run here fails)

test-go: $(VENV)/.toolchain test-deps
	go vet ./...
	go test -race -short -timeout 25m ./...
	go test -p 1 -timeout 20m ./... # at full size, and one package at a time: some measure times

test-python: .venv-full/.ready .venv-bare/.ready
	cd .cache && ../.venv-full/bin/$(PYTEST)
	cd .cache && PYCYLON_TEST_WITHOUT_PEERS=1 ../.venv-bare/bin/$(PYTEST)

# What crosses the C ABI once more, with a library that checks pointers between Go and C, and Go's own.
CHECKED := GOEXPERIMENT=cgocheck2 go
test-checked: $(VENV)/.toolchain .venv-full/.ready
	$(CHECKED) test -gcflags=all=-d=checkptr ./export
	rm -rf .cache/checked && mkdir -p .cache/checked && cp -r pycylon .cache/checked/
	$(CHECKED) build -buildmode=c-shared -gcflags=all=-d=checkptr -buildvcs=false \
		"-ldflags=-s -w '-extldflags=-Wl,--version-script=$(CURDIR)/export/symbols.map'" -o .cache/checked/pycylon/libpycylon.so ./export
	cd .cache && PYTHONPATH=checked ../.venv-full/bin/$(PYTEST)/interop ../tests/native/test_leaks.py ../tests/native/test_abi.py

test-deps: $(VENV)/.toolchain ## Install what the tests of networks and stores need (as root on Debian; elsewhere those tests are skipped)
	@for command in nft:nftables ip:iproute2 nm:binutils redis-server:redis-server; do \
		command -v $${command%:*} > /dev/null && continue; \
		if [ "$$(id -u)" = 0 ] && command -v apt-get > /dev/null; then \
			(apt-get update && apt-get install -y --no-install-recommends $${command#*:}) > /dev/null; \
		else echo "$${command%:*} is missing: the tests that need it are skipped"; fi; done
	@command -v versitygw > /dev/null || [ -x .cache/bin/versitygw ] || GOBIN="$(CURDIR)/.cache/bin" go install $(VERSITYGW) || \
		echo "versitygw is missing: the tests that need an S3 server are skipped"

lint: lint-go lint-python ## Run gofmt, go vet, staticcheck, ruff and mypy

lint-go: $(VENV)/.toolchain $(STATICCHECK)
	@unformatted="$$(go run cmd/gofmt -l export gocore)"; [ -z "$$unformatted" ] || { echo "gofmt: $$unformatted"; exit 1; }
	go vet ./...
	go mod tidy -diff
	$(STATICCHECK) ./...

lint-python: $(VENV)/.lint
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy

bench: .venv-full/.ready ## Compare speed with pandas, Polars, DuckDB and pyarrow
	.venv-full/bin/python tests/benchmarks

bench-comm: .venv-full/.ready ## Compare the communicator with Open MPI and with plain TCP, and direct connections with Redis and S3
	.venv-full/bin/python tests/benchmarks/comm.py
	.venv-full/bin/python tests/benchmarks/stores.py

clean: ## Remove all that was built or installed here
	-chmod -R u+w build .cache 2> /dev/null
	rm -rf build dist .venv .venv-full .venv-bare .cache *.egg-info .mypy_cache .ruff_cache .pytest_cache
	find pycylon -name '*.so' -delete

$(VENV)/.ready:
	@[ -n "$(PYTHON)" ] || { echo "No Python 3.10 or newer with venv and ensurepip on PATH (Debian: apt-get install python3-venv)"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(VENV)/$(PIP_INSTALL) --upgrade pip 'setuptools>=77'
	mkdir -p .cache
	touch $@

$(VENV)/.toolchain: $(VENV)/.ready setup.py
	$(VENV)/bin/python .ci/toolchain.py $(VENV)
	touch $@

$(VENV)/.demo: $(WHEEL)
	$(VENV)/$(PIP_INSTALL) --force-reinstall --no-deps dist/*.whl
	$(VENV)/$(PIP_INSTALL) "$$(echo dist/*.whl)[demo]"
	touch $@

$(VENV)/.lint: $(VENV)/.ready pyproject.toml
	$(VENV)/$(PIP_INSTALL) --group lint
	touch $@

.cache/lambda-runtime: $(VENV)/.ready
	$(VENV)/$(PIP_INSTALL) --target $@ --group lambda

$(WHEEL): $(VENV)/.toolchain $(SOURCES)
	rm -f dist/*.whl
	$(VENV)/bin/python -m pip --disable-pip-version-check wheel --quiet --no-deps --wheel-dir dist .
	touch $@

# Tests see the installed wheel, in environments that are made anew with it: one with all peers, one with none.
.venv-full/.ready: $(WHEEL)
	$(VENV)/bin/python -m venv --clear .venv-full
	.venv-full/$(PIP_INSTALL) --upgrade pip
	.venv-full/$(PIP_INSTALL) --group test --group notebook --group peers --group bench dist/*.whl
	touch $@

.venv-bare/.ready: $(WHEEL)
	$(VENV)/bin/python -m venv --clear .venv-bare
	.venv-bare/$(PIP_INSTALL) --upgrade pip
	.venv-bare/$(PIP_INSTALL) --group test dist/*.whl
	touch $@

$(STATICCHECK): $(VENV)/.toolchain
	GOBIN=$(CURDIR)/.cache/bin go install honnef.co/go/tools/cmd/staticcheck@v0.8.2
