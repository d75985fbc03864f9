# The tasks of this repository, for people and for CI. They need no preparation: tests/tools/fetch fetches the tools that
# the tests and the demo need, once, into the cache folder.

# The target of `make fuzz`, and how many seconds it runs.
TARGET ?= plan
SECONDS ?= 60
# How many minutes `make soak` kills daemons.
MINUTES ?= 10
# How many damaged films `make fuzz-media` tests.
N ?= 300

# The folder that `make install` installs to. For packages, DESTDIR is put before it.
PREFIX ?= /usr/local
# A folder with av1cli and av1top, if they are already built.
BIN =

# Runs all of a long test; `make test` runs only a part of it.
long = tools=$$(tests/tools/fetch) && cache=$$(tests/tools/fetch --cache) && \
	PATH="$$tools:$$PATH" AV1D_TEST_TOOLS="$$cache" $(2) \
	cargo test -q -p av1d-tests --locked --test $(1) -- --ignored --nocapture --test-threads 1

.PHONY: help install uninstall test faults demo bench fuzz power-cut soak fuzz-media fmt lint clean-cache
.DEFAULT_GOAL := help

help: ## this list
	@sed -nE 's/^([a-z-]+):.*## (.*)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 22

install: ## builds and installs to PREFIX=/usr/local (DESTDIR= for packages, BIN= for programs that are there)
ifeq ($(BIN),)
	cargo build --release --locked -p av1cli -p av1top
endif
	@PREFIX='$(PREFIX)' DESTDIR='$(DESTDIR)' BIN='$(or $(BIN),$(or $(CARGO_TARGET_DIR),target)/release)' dist/install install

uninstall: ## removes what `make install` installed
	@PREFIX='$(PREFIX)' DESTDIR='$(DESTDIR)' dist/install uninstall

test: ## every test, with real ffmpegs
	@tools=$$(tests/tools/fetch) && cache=$$(tests/tools/fetch --cache) && \
	PATH="$$tools:$$PATH" AV1D_TEST_TOOLS="$$cache" cargo test --workspace --locked

faults: ## every fault at every place, as a table (needs root and strace; about half an hour)
	@tools=$$(tests/tools/fetch) && cache=$$(tests/tools/fetch --cache) && \
	PATH="$$tools:$$PATH" AV1D_TEST_TOOLS="$$cache" AV1D_FAULTS=all cargo test -p av1d-tests --locked --test faults

demo: ## a small library, before and after, in target/demo
	@tests/demo/run

bench: ## the benchmarks
	@tools=$$(tests/tools/fetch) && cache=$$(tests/tools/fetch --cache) && \
	PATH="$$tools:$$PATH" AV1D_TEST_TOOLS="$$cache" cargo bench --workspace --locked

fuzz: ## TARGET=plan|document|matroska, any bytes as a probe, a plan or a film, SECONDS=60 long (needs cargo-fuzz, a C++ compiler)
	@cargo fuzz --version >/dev/null 2>&1 || { echo "fuzz: cargo-fuzz is missing: cargo install cargo-fuzz" >&2; exit 1; }
	@mkdir -p av1plan/fuzz/corpus/plan av1plan/fuzz/corpus/document av1plan/fuzz/corpus/matroska
	@cp tests/data/probes/*.json av1plan/fuzz/corpus/plan/
	@cp av1plan/tests/data/matroska/*.mkv av1plan/fuzz/corpus/matroska/
	@AV1D_SEEDS="$(CURDIR)/av1plan/fuzz/corpus/document" cargo test -q --locked -p av1plan --test document -- --ignored seeds
	cd av1plan && RUSTC_BOOTSTRAP=1 cargo fuzz run $(TARGET) -- -max_total_time=$(SECONDS) -max_len=65536

power-cut: ## the power goes after each step of a replacement, on ext4, xfs and btrfs (needs root, strace, loop mounts)
	@$(call long,power_cut)

soak: ## kills the daemon with -9 again and again, MINUTES=10 long
	@$(call long,soak,AV1D_SOAK_MINUTES=$(MINUTES))

fuzz-media: ## N=300 damaged films through the pipeline
	@$(call long,media_fuzz,AV1D_FUZZ_MEDIA=$(N))

fmt: ## formats the code
	cargo fmt --all

lint: ## formatting, clippy and docs, with warnings as errors
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings
	RUSTDOCFLAGS='-D warnings' cargo doc --workspace --no-deps --locked

clean-cache: ## removes what tests/tools/fetch fetched
	rm -rf "$${XDG_CACHE_HOME:-$$HOME/.cache}/av1d/tools"
