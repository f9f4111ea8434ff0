#!/bin/sh
# install.sh FILE: installs the packages that a file names, so that a host of the image starts none of them before they were configured.
set -eu

# Packages enable their units. Only the system's log may start at boot.
enabled() { systemctl list-unit-files --state=enabled --no-legend | cut -d' ' -f1 | sort; }
before=$(mktemp)
enabled >"$before"
# The lists may be those of a layer that was built long ago.
apt-get update
apt-get install -y --no-install-recommends $(grep -v '^#' "$1")
apt-get clean
enabled | comm -13 "$before" - | grep -v -e syslog -e logrotate | xargs -r systemctl disable
rm -f "$before" /usr/sbin/policy-rc.d /etc/ssh/ssh_host_*
# Each host makes its own at its first start.
: >/etc/machine-id
