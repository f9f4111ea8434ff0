#!/usr/bin/env bash
# Runs one of the longer suites on real hosts: npm run test:lab -- NAME
set -euo pipefail
cd "$(dirname "$0")/.."
suites=$(ls test/lab/*.lab.test.ts | sed 's|.*/||; s|\.lab\.test\.ts$||')
if [ $# -ne 1 ] || [ ! -e "test/lab/$1.lab.test.ts" ]; then
  printf 'usage: npm run test:lab -- NAME, where NAME is one of:\n%s\n' "$suites" >&2
  exit 2
fi
bash test/prerequisites.sh
# The hosts are deployed on by the package as it is built.
npm run --silent build
# Each test is told as it ends: some take minutes.
exec npx vitest run --project lab --reporter=verbose "test/lab/$1.lab.test.ts"
