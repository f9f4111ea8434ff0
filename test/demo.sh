#!/usr/bin/env bash
# The main job, on hosts that it brings up itself: plan, deploy, status, and a second deploy that changes nothing.
set -euo pipefail
cd "$(dirname "$0")/.."
inventory=inventory/lab.yaml

say() { printf '\n\033[1m%s\033[0m\n' "$1"; }
[ -t 1 ] && [ -z "${NO_COLOR:-}" ] || say() { printf '\n== %s\n' "$1"; }

say 'Three Debian hosts, in containers'
npm run --silent lab -- up
say "The plan: ./osha plan $inventory"
./osha plan "$inventory"
say "Deploy it: ./osha deploy $inventory"
./osha deploy "$inventory"
say "How it is: ./osha status $inventory"
./osha status "$inventory"
say 'Deploy again: nothing is left to do'
./osha deploy "$inventory"
cat <<EOT

Three hosts run a highly-available base. What to try now:
  npm run lab -- ssh controller1                  log in to a host
  ./osha deploy $inventory --only rabbitmq   run one phase again
  npm run lab -- kill controller1                 stop a host hard, then look: ./osha status $inventory
  npm run lab -- start controller1                bring it back
  npm run lab -- down                             take everything away
EOT
