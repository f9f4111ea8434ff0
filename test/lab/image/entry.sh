#!/bin/sh
# Makes a container look like a machine, then becomes its init. Runs at every start; files that are there are kept.
set -eu

# A cgroup tree of its own: on the machine's one, hosts would stop each other's units.
umount -R -l /sys/fs/cgroup
mount -o remount,rw /sys
mount -t cgroup2 cgroup2 /sys/fs/cgroup

# Settings of the network are this host's own and may be written. The rest of /proc/sys belongs to the machine: read-only.
mount --bind /proc/sys/net /proc/sys/net
mount -o remount,bind,rw /proc/sys/net

# Docker mounts these from outside, so that they could not be replaced by rename. Real files, as on a real machine.
for file in /etc/hosts /etc/hostname /etc/resolv.conf; do
  content=$(cat "$file")
  umount "$file" 2>/dev/null || continue
  [ -s "$file" ] || printf '%s\n' "$content" >"$file"
done

# At the first start: what packages made up for themselves when the image was built must not be the same on every host.
if [ ! -s /etc/machine-id ]; then
  for secret in /var/lib/rabbitmq/.erlang.cookie /etc/pacemaker/authkey; do
    [ -e "$secret" ] || continue
    new=$(tr -dc A-Z </dev/urandom | head -c "$(stat -c %s "$secret")")
    printf %s "$new" >"$secret"
  done
  tr -d - </proc/sys/kernel/random/uuid >/etc/machine-id
fi

[ -e /etc/ssh/ssh_host_ed25519_key ] || ssh-keygen -q -t ed25519 -N '' -C "root@$(cat /etc/hostname)" -f /etc/ssh/ssh_host_ed25519_key
install -d -m 700 /root/.ssh
install -d -m 700 -o osha -g osha /home/osha/.ssh
install -m 600 /lab/authorized_key /root/.ssh/authorized_keys
install -m 600 -o osha -g osha /lab/authorized_key /home/osha/.ssh/authorized_keys

# The script's own environment is Docker's; init starts with none but this, by which systemd knows that it is in a container.
exec env -i container=docker PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin /sbin/init
