# The tasks of this repository. "make" lists them.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

FUZZTIME ?= 10s
# The race detector needs a C compiler. CGO_ENABLED is 1 if Go found one.
RACE = $(if $(filter 1,$(shell go env CGO_ENABLED)),-race)
# The other minor version of Go that is supported.
OTHER_GO = $(if $(filter go1.26%,$(shell go env GOVERSION)),go1.27.4,go1.26.8)
# The packages of every module. golangci-lint and govulncheck have no pattern for a workspace.
PACKAGES = $(shell tools/modules | sed 's|^\.$$||; s|.\+|&/|; s|.*|./&...|')
# Prints one line for each package, then what failed and what was skipped, and the counts.
GOTESTSUM = "$$(tools/install gotestsum)/gotestsum" --format pkgname --format-hide-empty-pkg --

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: demo
demo: ## a whole downtime in one terminal: up, start, 503, bypass, end, up
	@go run ./examples/demo

.PHONY: test
test: export DOWNTIME_REQUIRE_SERVERS = 1
test: ## every test of every module, then each module on its own; screenshots are in test-output/
	@[ -n "$(RACE)" ] || echo "no C compiler found: testing WITHOUT the race detector" >&2
	tools/servers
	@rm -rf test-output && mkdir test-output
	$(GOTESTSUM) $(RACE) -shuffle=on -timeout 20m -artifacts -outputdir test-output work
	go test -tags fileonly ./cmd/downtime
	tools/test-alone

.PHONY: test-other
test-other: export GOTOOLCHAIN = $(OTHER_GO)
test-other: ## the short tests of the libraries on the other supported version of Go
	go version
	$(GOTESTSUM) -short -timeout 20m $(filter-out ./cmd/% ./e2e/% ./examples/% ./metrics/%,$(PACKAGES))

.PHONY: full
full: ## what takes too long for CI: soaks, every spelling of a path, fuzzing, migrations under load, propagation, a release
	$(GOTESTSUM) $(RACE) -count 20 -timeout 1h -run '^(TestKilledWriters|TestWhileDrainedNothingRuns)$$' ./core ./store/filestore
	DOWNTIME_PATHS=all $(GOTESTSUM) -timeout 1h ./internal/adaptertest
	tools/fuzz 1m
	$(MAKE) soak ROUNDS=20
	$(MAKE) bench-propagation
	$(MAKE) release-snapshot

.PHONY: release-snapshot
release-snapshot: ## the archives, bills of materials and image of a release, built and checked but not published
	tools/release/snapshot

.PHONY: soak
soak: ROUNDS = 100
soak: export DOWNTIME_REQUIRE_SERVERS = 1
soak: export CUTOVER_ROUNDS = $(ROUNDS)
soak: ## ROUNDS (100) migrations under load, by downtime run --hold; the figures are printed last
	tools/servers
	@figures=$$(mktemp); trap 'rm -f "$$figures"' EXIT; \
	CUTOVER_FIGURES=$$figures $(GOTESTSUM) $(RACE) -count 1 -timeout 6h -run '^TestCutOver$$' ./e2e/cutover && cat "$$figures"

.PHONY: lint
lint: ## gofumpt, golangci-lint and tools/house-rules, over every module; actionlint over the workflows
	@bin=$$(tools/install gofumpt golangci-lint); \
	unformatted=$$("$$bin/gofumpt" -l .); \
	if [ -n "$$unformatted" ]; then echo "make fmt would change:" >&2; echo "$$unformatted" >&2; exit 1; fi; \
	"$$bin/golangci-lint" run $(PACKAGES)
	tools/house-rules
	"$$(tools/install -C release actionlint)/actionlint" .github/workflows/*.yml examples/pipelines/github.yml

.PHONY: fmt
fmt: ## format every file
	@"$$(tools/install gofumpt)/gofumpt" -w .

.PHONY: vuln
vuln: ## look the dependencies up in Go's vulnerability database, which it must reach
	@"$$(tools/install govulncheck)/govulncheck" $(PACKAGES) || { code=$$?; [ $$code = 3 ] || echo "make vuln: nothing was checked; run it where https://vuln.go.dev can be reached" >&2; exit $$code; }

.PHONY: vet-others
vet-others: ## type-check and vet the libraries for other systems
	GOOS=windows go vet ./... ./cli/...
	GOOS=darwin go vet ./... ./cli/...

.PHONY: bench
bench: ## measure the budgets side by side, and print one table
	go run ./internal/benchtable

.PHONY: bench-propagation
bench-propagation: ## measure the time from a command to the last instance, over every store, the wait of a hold, and the cost of a fleet
	tools/servers
	go run ./e2e/propagation

.PHONY: fuzz
fuzz: ## every fuzz target for FUZZTIME (10s)
	tools/fuzz $(FUZZTIME)

.PHONY: tidy
tidy: ## go mod tidy in every module
	tools/tidy

.PHONY: tidy-check
tidy-check: ## fail if a go.mod or go.sum is not tidy
	tools/tidy -diff

.PHONY: ci
ci: ## what CI runs
	bash .ci/run
