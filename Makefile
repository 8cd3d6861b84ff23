# Two commands do everything: `make book` and `make test`. `make help` lists the rest.

PYTHON ?= python3
PORT ?= 8000
BIN := .venv/bin
READY := .venv/.ready-$(shell cat requirements.txt pyproject.toml | cksum | cut -d' ' -f1)
SITE := _build/html/index.html
ifdef VAE_DATA
export VAE_DATA := $(abspath $(VAE_DATA))
endif

.PHONY: help book test check page serve lab exercises fork mutation phenomena benchmark paper ruler clean
.DEFAULT_GOAL := help

help:
	@echo "make book                 set up, execute every chapter, build the website"
	@echo "make test                 prove that all of it works: unit tests, chapters, website"
	@echo "make check                lint and the quick unit tests, in under a minute; CHAPTER=02_elbo: one chapter and its rules"
	@echo "make page CHAPTER=02_elbo build one chapter alone, quickly"
	@echo "make serve                the built website at http://localhost:$(PORT)"
	@echo "make lab                  open the chapters in JupyterLab"
	@echo "make exercises            the exercises without their solutions, as notebooks (CHAPTER=02_elbo: of one)"
	@echo "make mutation MODULES=objectives   would the tests notice a wrong sign? (minutes; any modules of the package)"
	@echo "make phenomena            the experiments of the chapters over three seeds (minutes; writes chapters/phenomena.md)"
	@echo "make benchmark            how fast training is on this machine (minutes; writes chapters/benchmarks.md)"
	@echo "make paper ROW=vae-1      a row of table 1 of Burda et al. (2016), trained and scored on MNIST (hours)"
	@echo "make ruler                log p(x) of the same pictures by every kind of model (minutes; writes chapters/ruler.md)"
	@echo "make fork REPO=https://github.com/me/my-book   write the address of your copy everywhere"
	@echo "make clean                remove what was built (the environment .venv stays)"

book: $(READY)
	@$(BIN)/python -m tools.build

test: $(READY)
	@$(BIN)/python -m tools.test

check: $(READY)
	@$(BIN)/python -m tools.check $(CHAPTER)

page: $(READY)
	@$(BIN)/python -m tools.page $(CHAPTER)

serve: book
	@echo "serving http://localhost:$(PORT), Ctrl-C ends it"
	@$(BIN)/python -m http.server $(PORT) --directory _build/html

lab: $(READY)
	@$(BIN)/jupyter lab chapters

exercises: $(READY)
	@$(BIN)/python -m tools.exercises $(CHAPTER)

fork:
	@$(PYTHON) -m tools.fork $(REPO)

MODULES ?= objectives
mutation: $(READY)
	@test -d _build/cosmic-ray || $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps \
		--target _build/cosmic-ray cosmic-ray==8.7.0 stevedore==5.10.0
	@$(BIN)/python -m tools.mutation --jobs 2 $(MODULES)

phenomena: $(READY)
	@$(BIN)/python -m experiments.phenomena

PYTHAE := pythae==0.1.2 pydantic==2.14.3 pydantic-core==2.50.4 imageio==2.38.1 annotated-types==0.8.0 typing-inspection==0.4.5
benchmark: $(READY)
	@test -d _build/pythae || $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps \
		--target _build/pythae $(PYTHAE) || echo "pythae cannot be had; the others are measured without it"
	@$(BIN)/python -m benchmarks.speed; status=$$?; $(BIN)/python -m benchmarks.browser; $(BIN)/python -m benchmarks.page && exit $$status

ROW ?= vae-1
paper: $(READY)
	@$(BIN)/python -m benchmarks.paper train $(ROW)
	@$(BIN)/python -m benchmarks.paper score $(ROW)
	@$(BIN)/python -m benchmarks.table && $(BIN)/python -m benchmarks.page

ruler: $(READY)
	@$(BIN)/python -m benchmarks.ruler
	@$(BIN)/python -m benchmarks.ruler_page

clean:
	rm -rf _build dist build *.egg-info .pytest_cache .ruff_cache

$(READY):
	@$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 10) and f'Python 3.10 or newer is needed, this is {sys.version}')"
	@echo "setting up .venv, once (PyTorch is large: this takes some minutes)"
	$(PYTHON) -m venv .venv
	@$(BIN)/python -m tools.install $(TORCH_INDEX)
	@rm -f .venv/.ready-* && touch $@
