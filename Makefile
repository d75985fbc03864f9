# What a person or a robot does with this repository. Nothing needs to be set first: the tools that the tests and the
# demo want are fetched once into the cache folder by tests/tools/fetch.

.PHONY: help test demo bench fmt lint clean-cache
.DEFAULT_GOAL := help

help: ## this list
	@sed -nE 's/^([a-z-]+):.*## (.*)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 22

test: ## every test, with real ffmpegs
	@tools=$$(tests/tools/fetch) && cache=$$(tests/tools/fetch --cache) && \
	PATH="$$tools:$$PATH" AV1D_TEST_TOOLS="$$cache" cargo test --workspace --locked

demo: ## a small library, before and after, in target/demo
	@tests/demo/run

bench: ## the benchmarks
	@tools=$$(tests/tools/fetch) && cache=$$(tests/tools/fetch --cache) && \
	PATH="$$tools:$$PATH" AV1D_TEST_TOOLS="$$cache" cargo bench --workspace --locked

fmt: ## formats the code
	cargo fmt --all

lint: ## formatting, clippy and docs, with warnings as errors
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings
	RUSTDOCFLAGS='-D warnings' cargo doc --workspace --no-deps --locked

clean-cache: ## removes what tests/tools/fetch fetched
	rm -rf "$${XDG_CACHE_HOME:-$$HOME/.cache}/av1d/tools"
