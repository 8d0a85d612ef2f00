.PHONY: run build test needs fmt lint unit bench deny doc

# Builds the gateway and runs it with four simulated upstream systems on this machine.
run:
	cargo run --release --locked --bin statusgate -- quickstart

build:
	cargo build --release --locked --bin statusgate

# Everything that the gate runs.
test: needs fmt lint unit

# What the tests start and the machine lacks is installed, where that is possible.
needs:
	.ci/needs

fmt:
	cargo fmt --all --check

lint:
	cargo clippy --workspace --all-targets --locked -- -D warnings

# Unit, property, golden and end-to-end tests.
unit:
	cargo test --workspace --locked --no-fail-fast

# Load against the release binary with its simulators, and the ceilings beside it.
bench:
	cargo build --release --locked --package router --package bench
	cargo run --release --locked --package bench

# Licences, banned and duplicate crates, sources. Needs cargo-deny.
deny:
	cargo deny check bans licenses sources

doc:
	cargo doc --workspace --no-deps --locked
