# Everything runs in .venv, which the first command makes. Paths are relative: make splits an absolute one at its spaces.
# Written for make 3.81 too (macOS).

# nbgrader calls alembic, and the notebooks' `!` commands python, by name.
export PATH := $(CURDIR)/.venv/bin:$(PATH)
# Jupyter and pip need some home: without one they would write to /.
ifeq ($(strip $(HOME)),)
export HOME := $(CURDIR)/.venv/home
endif

LAB_ARGS =
INSTRUCTOR =
# A calm first page: no news; nbgrader's panel for authors only where an instructor asks for it.
LAB_SETTINGS = lab_settings/everybody$(if $(INSTRUCTOR),,:lab_settings/learner)
# Three for two cores: each waits at times, for a browser or a server.
PYTEST_ARGS = -n 3 --dist loadgroup
PARTS = part_a part_b part_c
SOLUTIONS =
REPOSITORY =

# FORCE when .venv was made in another folder, or its Python is gone.
STALE := $(shell test ! -e .venv || { test "$$(cat .venv/.made-in 2>/dev/null)" = "$$(pwd)" && .venv/bin/python -c pass 2>/dev/null; } || echo FORCE)
SETUP = pyproject.toml constraints.txt scripts/venv.sh $(STALE)

.DEFAULT_GOAL := help
.PHONY: help lab grade test quick test-lowest test-newest lint book release record bench bench-browser bench-grading attack fuzz parity clean FORCE

help:  ## show this list
	@awk -F':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' Makefile

lab: export JUPYTER_CONFIG_PATH := $(LAB_SETTINGS)$(if $(JUPYTER_CONFIG_PATH),:$(JUPYTER_CONFIG_PATH))
lab: .venv/.lab  ## open the course in JupyterLab  (INSTRUCTOR=1 with nbgrader's authoring panel; LAB_ARGS=--no-browser)
	.venv/bin/python -m jupyterlab notebooks/start_here.ipynb $$(test "$$(id -u)" != 0 || echo --allow-root) $(LAB_ARGS)

grade: .venv/.lab  ## grade the sample class from end to end
	.venv/bin/python -m autograder demo

# Tests start hundreds of Pythons: with this set each would compile the course anew.
test quick test-lowest test-newest attack fuzz parity: export PYTHONDONTWRITEBYTECODE =
test: .venv/.test  ## run every test  (PYTEST_ARGS="tests/project -k wheel" for some)
	@if command -v node >/dev/null; then \
	    files=$$(find tests/js -name '*.test.*js') && test -n "$$files" || { echo 'No test found in tests/js.' >&2; exit 1; }; \
	    node --test $$files || exit 1; \
	elif [ -n "$$CI" ]; then \
	    echo "Node.js is missing, and with CI set no test may be left out." >&2; exit 1; \
	else \
	    echo "Node.js is not installed: the JavaScript tests in tests/js are left out." >&2; \
	fi
	.venv/bin/python -m pytest $(PYTEST_ARGS)

quick: .venv/.test  ## run the tests that need no browser, server or class, nor many seconds: before each commit
	.venv/bin/python -m pytest $(PYTEST_ARGS) -m "not whole"

test-lowest: .venv/.test  ## test with the oldest versions that pyproject.toml allows, in .venv-lowest
	.venv/bin/python scripts/versions.py lowest

test-newest: .venv/.test  ## test with the newest versions there are, in .venv-newest
	.venv/bin/python scripts/versions.py newest

lint: .venv/.test  ## check style, types and that notebooks are stored without outputs
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/lint-imports --no-cache
	.venv/bin/nbstripout --verify --keep-id $$(find solutions notebooks -name '*.ipynb' -not -path '*/.ipynb_checkpoints/*')

book: .venv/.book  ## build the course as a static book  (SOLUTIONS=1 with answers, REPOSITORY=https://... for Binder)
	.venv/bin/python -m book $(if $(SOLUTIONS),--solutions) $(if $(REPOSITORY),--repository "$(REPOSITORY)")

release: .venv/.lab  ## make the students' notebooks/ from solutions/
	for part in $(PARTS); do .venv/bin/nbgrader generate_assignment $$part --create --force || exit 1; done

record: .venv/.lab  ## compute anew the recorded results that the checks compare with
	.venv/bin/python -m autograder record

bench: .venv/.test  ## time the checks, the explorer's sweeps, the range test, the jail
	.venv/bin/python -m benchmarks.verdict
	.venv/bin/python -m benchmarks.derivations
	.venv/bin/python -m benchmarks.explorer
	.venv/bin/python -m benchmarks.range_test
	.venv/bin/python -m benchmarks.jail

bench-browser: .venv/.test  ## time the explorer and the book (after make book) in a real browser
	.venv/bin/python -m benchmarks.browser
	.venv/bin/python -m benchmarks.pages

bench-grading: .venv/.test  ## time grading against stock nbgrader, classes of growing size, workers of a cluster
	.venv/bin/python -m benchmarks.grading --right
	.venv/bin/python -m benchmarks.grading --linear --right
	.venv/bin/python -m benchmarks.grading --cluster --right --students 60

attack: .venv/.test  ## grade the hostile submissions and show that none gains anything
	.venv/bin/python -m pytest tests/attack -v

fuzz: .venv/.test  ## grade 10,000 mutated submissions; each has an outcome and costs nobody else  (FUZZ=300 FUZZ_SEED=15 for others)
	FUZZ=$${FUZZ:-10000} .venv/bin/python -m pytest tests/fuzz -v

parity: .venv/.test  ## run every catalogued answer and style of working at home and in grading, and compare the points
	PARITY=all .venv/bin/python -m pytest tests/grading/test_parity.py -v

clean:  ## remove every .venv and all caches; submissions and grades in autograder/course/ stay
	rm -rf .venv .venv-lowest .venv-newest _build build dist *.egg-info tests/artifacts .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/.lab: $(SETUP)
	@sh scripts/venv.sh instructor $@

.venv/.test: $(SETUP)
	@sh scripts/venv.sh test .venv/.lab .venv/.book $@  # what the tests need holds all that the others need

.venv/.book: $(SETUP)
	@sh scripts/venv.sh book .venv/.lab $@

FORCE:
