# The checks and chores of the house. `just` lists them.

default:
    @just --list

# Type-check and lint everything.
check:
    cargo fmt --check
    cargo clippy --workspace --all-targets --all-features -- -D warnings

# Every test that needs nothing but Rust.
test:
    cargo test --workspace

# The product on this machine.
local:
    cargo run --release

# Write the API document that the code makes.
openapi:
    for dialect in a b c d e; do cargo run -- openapi $dialect > docs/openapi.new && mv docs/openapi.new docs/openapi/$dialect.json; done

# What the code makes of itself, written anew for a change that means it: API documents, costs, snapshots of replies.
record: openapi
    cargo test -p house-tests --test house -- --ignored costs::write
    INSTA_UPDATE=always cargo test -p house-tests --test house

# The template's linters.
lint-template:
    infra/lint.sh

# Build every Lambda function.
deploy-check:
    infra/build.sh --all

# The engines of AWS against a local stand-in.
standins:
    infra/standins/run.sh cargo test --workspace --lib -- --ignored

# The whole loop on a real n8n.
n8n:
    cargo build
    tests/n8n/run.py all

# A long bad day of the real process; the short one is part of CI.
bad-day seed="7" kills="600":
    cargo test --workspace --features baton/attack,baton/chaos --test bad_day -- --seed {{seed}} --kills {{kills}}

# Attacks on the real process, as long as it takes to see each: all, or those that are named. The short ones are part of CI.
attack *names:
    cargo test --workspace --features baton/attack,baton/chaos --test attack -- --long {{names}}

# Instructions that every parser of foreign bytes takes for a byte.
effort:
    infra/effort.sh

# Look for bytes that a parser does not stand: every target, or those that are named, for so many seconds each.
fuzz seconds="60" *targets:
    infra/fuzz.sh {{seconds}} {{targets}}

# The local host against PocketBase: some five minutes.
bench-requests *more:
    infra/bench/pocketbase.sh {{more}}

# Mistakes planted in the code that guards the house, and how many of them the unit tests notice. `--changed`: in what differs from main.
mutants *options:
    infra/mutants.sh {{options}}

# All of it, as CI does.
ci:
    bash .ci/run
