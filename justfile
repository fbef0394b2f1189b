# Tasks for developers. The checks are steps of .ci/run, so that they are the same here and in CI.

# Lists the recipes.
_default:
    @just --list

# Formats the sources.
fmt:
    cargo fmt

# Checks the format and runs clippy; warnings are errors.
lint:
    .ci/run format lint

# Runs all tests.
test:
    .ci/run test

# Checks licences and origin of the dependencies (needs cargo-deny).
deny:
    .ci/run deny

# Checks the systemd unit (needs systemd-analyze).
units:
    .ci/run units

# Runs everything that CI runs.
ci:
    .ci/run
