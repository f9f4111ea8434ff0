import { CloudError } from './errors.ts';

/** The port on which the guest answers. */
export const GUEST_PORT = 7777;

/** The kernel parameter with the guest's marker. */
export const MARKER_WORD = 'osha.marker=';

/** The drivers of a virtual network card, in load order; built-in ones have no file. */
const MODULES = [
  'virtio_ring',
  'virtio',
  'virtio_pci_modern_dev',
  'virtio_pci_legacy_dev',
  'virtio_pci',
  'failover',
  'net_failover',
  'virtio_net',
];

/**
 * The guest's init, its only program. It repeats its marker and address on the console, because Nova shows only the
 * console's end, and sends the marker to every client.
 */
const INIT = `#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
exec </dev/ttyS0 >/dev/ttyS0 2>&1
marker=none
for word in $(cat /proc/cmdline); do
  case $word in ${MARKER_WORD}*) marker=\${word#*=} ;; esac
done
for module in ${MODULES.join(' ')}; do
  [ ! -f /modules/$module.ko ] || insmod /modules/$module.ko
done
ip link set lo up
for card in /sys/class/net/*; do
  card=\${card##*/}
  [ "$card" != lo ] || continue
  ip link set "$card" up
  udhcpc -f -i "$card" -t 5 -T 2 -A 2 -s /etc/udhcpc/default.script &
done
while :; do echo "$marker" | nc -l -p ${GUEST_PORT} >/dev/null; done &
while :; do
  echo "$marker address $(cat /address 2>/dev/null || echo none)"
  sleep 3
done
`;

/** The script that udhcpc calls with its lease. */
const LEASE = `#!/bin/busybox sh
case $1 in
  bound | renew)
    ip addr flush dev "$interface"
    ip addr add "$ip/$mask" dev "$interface"
    [ -z "$mtu" ] || ip link set "$interface" mtu "$mtu"
    [ -z "$router" ] || ip route replace default via "\${router%% *}"
    echo "$ip" >/address
    ;;
esac
`;

/**
 * Builds a guest's ramdisk from a host's own files and prints it with the host's kernel, so that nothing is downloaded. It
 * leaves no files behind, and prints what is missing instead.
 */
export const GUEST_SCRIPT = `set -eu
kernel=$(ls -v /boot/vmlinuz-* 2>/dev/null | tail -n 1)
busybox=$(command -v busybox || :)
modules=/lib/modules/\${kernel#/boot/vmlinuz-}
[ -n "$kernel" ] || echo 'missing kernel'
[ -n "$busybox" ] || echo 'missing busybox'
[ -z "$kernel" ] || [ -d "$modules" ] || echo 'missing modules'
[ -n "$kernel" ] && [ -n "$busybox" ] && [ -d "$modules" ] || exit 0
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
mkdir -p "$root/bin" "$root/proc" "$root/sys" "$root/dev" "$root/modules" "$root/etc/udhcpc"
cp -L "$busybox" "$root/bin/busybox"
# A busybox that is not static brings its libraries.
for library in $(ldd "$busybox" 2>/dev/null | grep -o '/[^ ]*' || :); do
  mkdir -p "$root\${library%/*}"
  cp -L "$library" "$root$library"
done
for module in ${MODULES.join(' ')}; do
  for file in $(find "$modules" -name "$module.ko*"); do
    case $file in
      *.xz) xz -dc "$file" ;;
      *.zst) zstd -dcq "$file" ;;
      *.gz) gzip -dc "$file" ;;
      *) cat "$file" ;;
    esac >"$root/modules/$module.ko"
  done
done
cat >"$root/init" <<'END_OF_INIT'
${INIT}END_OF_INIT
cat >"$root/etc/udhcpc/default.script" <<'END_OF_LEASE'
${LEASE}END_OF_LEASE
chmod 755 "$root/init" "$root/etc/udhcpc/default.script"
echo "name $kernel"
echo "kernel $(base64 -w 0 <"$kernel")"
echo "ramdisk $(cd "$root" && find . | "$busybox" cpio -o -H newc 2>/dev/null | gzip -1 | base64 -w 0)"
`;

export interface Guest {
  /** The kernel's file on the host. */
  readonly name: string;
  readonly kernel: Buffer;
  readonly ramdisk: Buffer;
}

/** Parses the output of `GUEST_SCRIPT`: a guest, or what the host lacks. Throws if it is neither. */
export function readGuest(stdout: string): Guest | { readonly missing: readonly string[] } {
  const fields = stdout.split('\n').map((line) => {
    const at = line.indexOf(' ');
    return [line.slice(0, at), line.slice(at + 1)] as const;
  });
  const missing = fields.flatMap(([key, value]) => (key === 'missing' ? [value] : []));
  if (missing.length > 0) return { missing };
  const field = (name: string): string => {
    const found = fields.find(([key]) => key === name)?.[1] ?? '';
    if (found === '') throw new CloudError(`could not build the guest: the output has no ${name}`);
    return found;
  };
  const bytes = (name: string): Buffer => Buffer.from(field(name), 'base64');
  return { name: field('name'), kernel: bytes('kernel'), ramdisk: bytes('ramdisk') };
}
