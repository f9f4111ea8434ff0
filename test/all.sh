#!/usr/bin/env bash
# Everything that has to pass: format, lint, types, unit, shell and contract tests, and the lab's core on real hosts.
set -euo pipefail
cd "$(dirname "$0")/.."
reports=$(mktemp -d)
trap 'rm -rf "$reports"' EXIT
started=$SECONDS

announce() { printf '\n=== %s (after %d s)\n' "$1" "$((SECONDS - started))"; }

suite() { # suite PROJECT REPORTER [VITEST ARGUMENT...]
  npx vitest run --project "$1" --reporter="$2" --reporter=json --outputFile.json="$reports/$1.json" "${@:3}"
}

announce 'what the tests need'
bash test/prerequisites.sh
announce 'formatting'
npm run --silent format:check
announce 'lint'
npm run --silent lint
announce 'types'
npm run --silent types
announce 'unit tests'
suite unit default --maxWorkers=100%
announce 'scripts, on a real shell'
suite shell default --maxWorkers=100%
announce 'both of them, on a newer Node'
npm run --silent test:newer-node
announce 'contract tests, against a real sshd'
suite contract default
announce 'the core, on real hosts'
# They are deployed on by the package as it is built.
npm run --silent build
# Each test is told as it ends: some take minutes.
suite lab verbose test/lab/core
announce 'done'
npx tsx test/closing-line.ts "$reports"/*.json
