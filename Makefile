# Everything a machine with Python 3.11+ and make needs; `make` alone lists the targets.

SHELL = /bin/sh
# Python keeps what it compiled, whatever the shell says: each program would compile two thousand modules at every start.
unexport PYTHONDONTWRITEBYTECODE
ifndef PYTHON
PYTHON := $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$python; break; }; done)
endif
BIN = .venv/bin
LANGUAGES = kk ru
APPS = config marketplace catalog suppliers orders complaints
# One more than the cores: the two with browsers wait for pages much of their time.
TEST_WORKERS ?= 3
# Commands that read settings but need no services.
OFFLINE = DATABASE_URL=postgresql://nobody@127.0.0.1:9/none REDIS_URL=redis://127.0.0.1:9/0

.DEFAULT_GOAL = help
.PHONY: help run test lint format load bench chaos drill search-server messages schema assets environment environment-develop chromium validator

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: environment ## start the portal on http://127.0.0.1:8000 (PORT, HOST, PORTAL_STATE, DEMO, DATABASE_URL, REDIS_URL)
	@exec $(BIN)/python -m config.processes --attached

test: environment-develop chromium validator ## the whole test suite; skipped tests are listed with their reasons
	@$(BIN)/python -m pytest -n $(TEST_WORKERS) --dist loadgroup --no-loadscope-reorder -rsfE --tb=short --disable-warnings

lint: environment-develop ## format, linter, security, layers, types, templates, translations, licences
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	@# Findings stand on its standard output; the rest is about comments inside longer statements.
	$(BIN)/bandit --quiet --configfile pyproject.toml --recursive $(APPS) 2>/dev/null
	$(BIN)/lint-imports
	$(OFFLINE) $(BIN)/mypy
	find . -path '*/templates/*' -name '*.html' -not -path './.*' -not -path '*/node_modules/*' -exec $(BIN)/djade --check {} +
	$(OFFLINE) $(BIN)/python manage.py check_texts
	$(BIN)/python -m config.licences

format: environment-develop ## rewrite code and templates in the house format
	$(BIN)/ruff check --fix --select I .
	$(BIN)/ruff format .
	find . -path '*/templates/*' -name '*.html' -not -path './.*' -not -path '*/node_modules/*' -exec $(BIN)/djade {} +

load: environment-develop ## the Locust scenario, headless and bounded, with a result page
	$(BIN)/python -m perf.load

bench: environment-develop ## beside stock Oscar and the machine's limits, one table (QUICK=1: a smoke test; GROWTH=1: up to a million)
	$(BIN)/python -m perf.bench$(if $(GROWTH),.growth,$(if $(QUICK), --quick))

chaos: environment-develop ## every fault with its control, and the table of guarantees (QUICK=1: small numbers; ONLY=F8,F9)
	$(BIN)/python -m perf.chaos$(if $(QUICK), --quick)$(if $(ONLY), --only $(ONLY))

drill: environment ## change the keys and restore a backup on a throw-away portal, each step with its control
	@$(BIN)/python -m config.drill

search-server: environment ## a real Elasticsearch for trying: ELASTICSEARCH_URL=http://127.0.0.1:9200 make run (needs Maven and Java 17)
	@exec $(BIN)/python -m config.search_server

messages: environment-develop ## collect the texts that need translating into the .po files (needs gettext)
	$(OFFLINE) $(BIN)/python manage.py makemessages $(foreach language,$(LANGUAGES),--locale $(language)) \
		--no-wrap --add-location file --ignore 'node_modules' --ignore 'tests' --ignore 'perf' --ignore '.*'

schema: environment-develop ## write down what all migrations make (config/schema.sql), after a new one
	$(BIN)/python -m config.schema

assets: ## build styles and scripts (needs Node; the built files are committed)
	cd marketplace/frontend && npm ci --ignore-scripts && npm run build

environment environment-develop:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed: install it, or name it: make $(MAKECMDGOALS) PYTHON=/path/to/python3" >&2; exit 1; }
	@$(PYTHON) config/bootstrap.py $(if $(filter environment,$@),run,develop)

# Browser tests are skipped, with this reason in the list, where there is no Chromium and we may not install it. Any will do;
# the one without windows of its own takes half the time.
chromium:
	@command -v chromium-headless-shell >/dev/null && exit 0; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		echo "Installing Chromium for the browser tests …"; \
		export DEBIAN_FRONTEND=noninteractive; \
		{ apt-get -q update && apt-get -qy install --no-install-recommends chromium-headless-shell fonts-dejavu-core; } >/dev/null </dev/null && exit 0; \
	fi; \
	for browser in chromium chromium-browser google-chrome; do command -v $$browser >/dev/null && exit 0; done; \
	echo "Chromium could not be installed: the browser tests will be skipped."

# The HTML checker is a Java program that comes with npm; its test is skipped, with the reason, where one is missing.
validator:
	@if command -v java >/dev/null && command -v npm >/dev/null && [ ! -e marketplace/frontend/node_modules/vnu-jar ]; then \
		echo "Installing the HTML checker …"; \
		(cd marketplace/frontend && npm ci --ignore-scripts --silent) \
			|| echo "The HTML checker could not be installed: its test will be skipped."; \
	fi
