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
	go test -C deploy/check -count=1 -timeout 20m ./...
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
	@unformatted=$$(gofmt -l *.go cmd deploy internal examples); [ -z "$$unformatted" ] || { echo "gofmt -w is due on: $$unformatted"; exit 1; }
	go vet ./...
	go vet -C examples/payday ./...
	go vet -C deploy/check ./...
	go tool staticcheck ./...

## demo: run the whole system in one process, with sample payouts
.PHONY: demo
demo:
	go run ./cmd/worker demo

## build: build all programs into bin/
.PHONY: build
build:
	CGO_ENABLED=0 go build -trimpath -o bin/ ./cmd/...

## release: static, reproducible programs for the image and for servers, in dist/; VERSION=v1.2.3 COMMIT=sha
# The bytes follow from the source, these two and the version of Go, and from nothing else: not from git,
# the directory, the cache or the environment.
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
COMMIT ?= $(shell git rev-parse --short=12 HEAD 2>/dev/null || echo unknown)
PLATFORMS ?= linux/amd64 linux/arm64
PROGRAMS ?= worker enqueue ledger sandbox
cli := github.com/salur-id/salur/internal/cli
.PHONY: release
release:
	rm -rf dist
	for platform in $(PLATFORMS); do \
		mkdir -p dist/$$platform; \
		env -u GOAMD64 -u GOARM64 -u GOEXPERIMENT -u GODEBUG GOWORK=off GOENV=off GOFLAGS= CGO_ENABLED=0 \
			GOOS=$${platform%/*} GOARCH=$${platform#*/} go build -trimpath -buildvcs=false \
			-ldflags '-s -w -buildid= -X $(cli).release=$(VERSION) -X $(cli).commit=$(COMMIT)' \
			-o dist/$$platform/ $(PROGRAMS:%=./cmd/%); done
	cd dist && find * -type f ! -name SHA256SUMS | LC_ALL=C sort | xargs sha256sum > SHA256SUMS

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
