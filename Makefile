SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

## help: show this list
.PHONY: help
help:
	@echo 'Usage: make TARGET'
	@sed -n 's/^## \([a-z-]*\): /  \1\t/p' $(MAKEFILE_LIST) | expand -t 14

## test: set up what tests need, then vet, lint and all tests with the race detector
.PHONY: test
test: setup lint
	go test -race -count=1 -timeout 20m ./... # not from the cache: it does not see the programs that tests build
	go test -count=1 -timeout 20m -run 'TestModel|TestSwarm' ./internal/ledger ./internal/swarm # too large for the race detector

## prove: the long form of the proof, with a report; SWARM=10m CHAOS=10m SEED=n
.PHONY: prove
prove: setup
	@SWARM=$(SWARM) CHAOS=$(CHAOS) SEED=$(SEED) scripts/prove

## mutate: test the tests of what decides about money; half an hour
.PHONY: mutate
mutate: setup
	scripts/mutate

## setup: find or install redis-server, promtool and Chromium; what is left out without them, it says
.PHONY: setup
setup:
	@scripts/setup

## lint: gofmt, go vet and staticcheck
.PHONY: lint
lint:
	@unformatted=$$(gofmt -l *.go cmd internal examples); [ -z "$$unformatted" ] || { echo "gofmt -w is due on: $$unformatted"; exit 1; }
	go vet ./...
	go vet -C examples/payday ./...
	go tool staticcheck ./...

## demo: run the whole system in one process, with sample payouts
.PHONY: demo
demo:
	go run ./cmd/worker demo

## build: build all programs into bin/
.PHONY: build
build:
	CGO_ENABLED=0 go build -trimpath -o bin/ ./cmd/...

## bench: run the benchmarks
.PHONY: bench
bench:
	go test -run '^$$' -bench . -benchmem ./...

## bench-enqueue: the rate of enqueue batch beside bare asynq's, on one Redis; ROWS=1000000
ROWS ?= 200000
.PHONY: bench-enqueue
bench-enqueue: setup
	BENCH_ENQUEUE=$(ROWS) go test ./cmd/enqueue -run '^TestRate$$' -count=1 -v -timeout 60m

## fuzz: run every fuzzer for FUZZTIME (default 20s) each
FUZZTIME ?= 20s
.PHONY: fuzz
fuzz:
	@for dir in $$(grep -rl --include='*_test.go' '^func Fuzz' internal | xargs -n1 dirname | sort -u); do \
		for f in $$(grep -rhoE --include='*_test.go' '^func Fuzz[A-Za-z0-9]+' $$dir | cut -d' ' -f2); do \
			go test ./$$dir -run '^$$' -fuzz "^$$f\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 10x; done; done

## docs: draw the generated parts of docs/ anew
.PHONY: docs
docs:
	go test ./internal/statemachine -run TestDocs -update
