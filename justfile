# The project's commands by name; each is a plain script or cargo command that also works without just.

# Lists them.
default:
    @just --list

# Everything that must hold before a change lands; `just ci lints tests` runs some of it.
ci *steps:
    .ci/run {{steps}}

# Formats the code.
format:
    cargo fmt

# Lints.
lints:
    .ci/run format lints

# The tests; arguments go to cargo.
test *arguments:
    cargo test --locked {{arguments}}

# The same through nextest, which runs them side by side.
nextest *arguments:
    cargo nextest run --locked {{arguments}}

# Holds emulator and client against the vendor's contract, where it lies beside the project.
contract *arguments:
    tests/contract/run {{arguments}}

# Looks at the page of a plan in a real browser.
browser *arguments:
    tests/browser/run {{arguments}}

# Licences, banned crates and sources.
licences:
    .ci/run licences

# Linters and schemas for the example pipelines.
pipelines:
    .ci/run pipelines

# The simulation over many seeds; see docs/reliability.md.
soak seeds="10000":
    AEHCTL_SEEDS={{seeds}} cargo test --locked --profile soak --test simulation

# Measures speed and memory; see docs/benchmarks.md.
bench *arguments:
    benches/run {{arguments}}

# Applies the quickstart to the embedded server.
quickstart:
    cargo run --release -- --emulator apply -f examples/quickstart --auto-approve

# Fuzzes a way in from outside: manifest, plan, snapshot, response or seed.
fuzz target seconds="60":
    fuzz/run {{target}} {{seconds}}
