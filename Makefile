# `make` lists the targets. Each is a line or two; the work is in scripts/.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help demo dev build web test check fmt lint generate migration verify bench e2e attack golden clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile

demo: ## Build everything and run it with simulators: needs Go and Node only (ARGS="--addr HOST:PORT --data DIR")
	@scripts/demo $(ARGS)

dev: ## Run the demo server behind the web app with hot reload
	@scripts/dev $(ARGS)

build: ## Build bin/tessera, one static binary with the web app inside
	@scripts/build

web: ## Build the web app into web/dist
	@scripts/build-web

test: ## Run all suites on throw-away PostgreSQL, Redis and Chromium (SUITES="go web conformance e2e")
	@scripts/test $(SUITES)

check: fmt lint verify test ## All that a change must pass: format, lint, generated files, tests

fmt: ## Format the Go code
	@scripts/lint fmt

lint: ## Lint Go and web code; the first run builds the linters into .tools/
	@scripts/lint

generate: ## Regenerate what is generated: Ent, docs, API types
	@scripts/generate

migration: ## Add a migration for both databases from the Ent schemas (NAME=what_changed)
	@scripts/migration $(NAME)

verify: generate ## Regenerate, and fail if that changed a file
	@git diff --exit-code --stat || { echo "verify: the files above were not up to date; commit them." >&2; exit 1; }
	@test -z "$$(git status --porcelain)" || { git status --short; echo "verify: the files above are new; commit them." >&2; exit 1; }

bench: ## Measure the server on SQLite and on PostgreSQL with Redis (ARGS="-duration 5s")
	@scripts/bench $(ARGS)

e2e: ## Run the browser tests only
	@scripts/test e2e

attack: ## Try every attack on both databases and print the table (ARGS=--mutants: take each guard out, its test must fail)
	@scripts/attack $(ARGS)

golden: ## Rewrite the golden files of the Go tests; look at the diff before committing it
	@scripts/golden

clean: ## Remove what was built; installed tools stay
	rm -rf bin web/node_modules web/test-results web/playwright-report coverage
	find web/dist -mindepth 1 -not -name .gitkeep -delete 2>/dev/null || true
	rm -f .tools/web-build
