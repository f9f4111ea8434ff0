#!/usr/bin/env bash
# Installs what the tests start themselves: an SSH server, sudo, the programs that check rendered files, those that probes ask with, and a browser.
set -euo pipefail
missing=()
for pair in sshd:openssh-server ssh-keygen:openssh-client sudo:sudo haproxy:haproxy python3:python3 curl:curl keepalived:keepalived rsyslogd:rsyslog logrotate:logrotate chromium:chromium; do
  command -v "${pair%%:*}" >/dev/null || [ -x "/usr/sbin/${pair%%:*}" ] || missing+=("${pair#*:}")
done
[ ${#missing[@]} -eq 0 ] && { echo 'all there'; exit 0; }
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
  echo "the tests need ${missing[*]}: install them, then run this again" >&2
  exit 1
fi
echo "installing ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
# Tests start these themselves, on ports of their own: keep the packages from starting them now.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod +x "$policy"
  trap 'rm -f "$policy"' EXIT
fi
apt-get install -qq --no-install-recommends "${missing[@]}" >/dev/null
