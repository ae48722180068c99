PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# The library alone, which is all that it takes to use it; and the library with what its tests need.
LIBRARY := $(VENV)/.library
STAMP := $(VENV)/.installed
DOCS_STAMP := $(VENV)/.docs
PIP := $(VENV)/.pip
PACKAGE_STAMP := $(VENV)/.package
INSTALLED := .venv-installed
DQC := .venv-dqc
LOWEST := .venv-lowest
# Whose formulas and speed are compared with the library's; pyproject.toml says why it comes without its dependencies.
PEER := sequence==0.8.5
# Whose Bell pairs are compared; it needs a package under the GPL, so it has an environment of its own.
DQC_PEER := memq-dqc==0.1.3
# Two for each core: tests that wait for a server, or for a process to be killed, leave a core to others.
WORKERS := $(shell expr 2 \* $$(getconf _NPROCESSORS_ONLN))
# Compiled modules are kept, whatever is set outside: every worker and every process that a test starts would compile them anew.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: help install compiled see check-page demo docs gallery package test test-slow test-lowest bench lint clean

help:  ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/'

$(PIP):
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	touch $@

$(LIBRARY): pyproject.toml | $(PIP)
	$(BIN)/python -m pip install --quiet --editable .
	touch $@

# What takes the library in leaves nothing to do for the target of the library alone.
$(STAMP): pyproject.toml | $(PIP)
	$(BIN)/python -m pip install --quiet --editable '.[test]'
	$(BIN)/python -m pip install --quiet --no-deps $(PEER)
	touch $(LIBRARY) $@

# uv takes a fifth of pip's time. It does not read pip's settings: where it finds no packages, pip installs them. Modules are compiled
# when they are imported, which two thirds of them never are.
install: | $(PIP)  ## install what the tests and the site need, in one step
	-$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip install --quiet --python $(BIN)/python --editable '.[test,docs]' || \
	  $(BIN)/python -m pip install --quiet --no-compile --editable '.[test,docs]'
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps $(PEER) || \
	  $(BIN)/python -m pip install --quiet --no-compile --no-deps $(PEER)
	touch $(LIBRARY) $(STAMP) $(DOCS_STAMP)

compiled: $(STAMP)  ## compile the tests, and what they import, in one process
	$(BIN)/python -m pytest -n 0 --collect-only -q >/dev/null

see: $(LIBRARY)  ## install, then tell one shot of a teleportation as an animated page
	mkdir -p demo
	$(BIN)/qnet show teleportation --set state=+ --on aer:fake_kingston --corrections feedforward --seed 1 --html demo/story.html
	@echo "page: demo/story.html; open it in a browser, and press Play"

check-page: $(STAMP) see  ## walk through the page of make see in a headless browser, if there is one
	QNET_PAGE=demo/story.html $(BIN)/python -m pytest -q -n 0 tests/runs/story/test_page.py -k named

demo: $(LIBRARY)  ## install, then run a 3-hop repeater chain on the calibrated noise of an IBM processor
	mkdir -p demo
	$(BIN)/qnet run repeater-chain --set hops=3 --on aer:fake_kingston --seed 7 --plot demo/repeater-chain.png
	@echo "picture: demo/repeater-chain.png"

$(DOCS_STAMP): $(STAMP)
	$(BIN)/python -m pip install --quiet --editable '.[docs]'
	touch $@

gallery: $(STAMP)  ## draw every plot with its code into gallery/index.html
	$(BIN)/python docs/_site/gallery_page.py gallery
	@echo "gallery: gallery/index.html"

docs: $(DOCS_STAMP)  ## build the documentation site; warnings are errors; then open some of its pages in a browser, if there is one
	$(BIN)/python -m sphinx -q -W --keep-going -n -c docs -d build/doctrees . build/site
	$(BIN)/python docs/_site/look.py build/site
	@echo "site: build/site/index.html"

$(PACKAGE_STAMP): $(STAMP)
	$(BIN)/python -m pip install --quiet --editable '.[package]'
	touch $@

package: $(PACKAGE_STAMP)  ## build wheel and source archive in dist/, check them, install the wheel in a clean environment and run it there
	rm -rf dist
	$(BIN)/python -m build --outdir dist .
	$(BIN)/python -m twine check --strict dist/*
	$(PYTHON) -m venv --clear $(INSTALLED)
	$(INSTALLED)/bin/python -m pip install --quiet dist/*.whl
	cd $(INSTALLED) && bin/qnet --version && bin/qnet list && bin/qnet run teleportation --on aer:fake_kingston --seed 7 --shots 500 --plot teleportation.png
	cd $(INSTALLED) && bin/qnet show teleportation --on aer:fake_kingston --seed 7 --html story.html

lint: $(STAMP)  ## style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

test: lint  ## install, then run the whole test suite
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal -m "not slow"

test-slow: $(STAMP)  ## the checks that take minutes
	$(BIN)/python -m pytest -n auto -m slow

test-lowest:  ## the tests on the lowest versions that pyproject.toml allows; TESTS=tests/... for a part
	$(PYTHON) -m venv --clear $(LOWEST)
	$(LOWEST)/bin/python -m pip install --quiet uv
	$(LOWEST)/bin/uv pip install --quiet --python $(LOWEST)/bin/python --resolution lowest-direct --editable '.[test]'
	# Old versions may meet what their own dependencies have deprecated since.
	$(LOWEST)/bin/python -m pytest -n auto -m "not slow" -W ignore::DeprecationWarning $(TESTS)

bench: $(STAMP)  ## measure speed against hand-written scripts and bars, some half an hour; numbers go to bench.json too
	-$(BIN)/python -m pip install --quiet --editable '.[bench]'
	-$(PYTHON) -m venv $(DQC) && $(DQC)/bin/python -m pip install --quiet $(DQC_PEER)
	$(BIN)/python -m benchmarks.run --json bench.json

clean:  ## remove what the targets made
	rm -rf $(VENV) $(LOWEST) $(INSTALLED) $(DQC) demo gallery docs/made .pytest_cache .mypy_cache .ruff_cache build dist *.egg-info
