import { beforeAll, expect, it } from 'vitest';
import { HOSTS, INVENTORY, on } from '../core/hosts.ts';
import { said } from '../harm/said.ts';
import { untilHealthy } from '../support/healthy.ts';
import { changesOf, osha } from '../support/osha.ts';

/**
 * Offers a newer memcached on a host: the installed files and maintainer scripts as a package with a higher version, in a
 * repository on its own disk.
 */
const OFFERS_A_NEWER_ONE = `set -e
repository=/srv/newer package=$(mktemp -d)
mkdir -p "$repository" "$package/DEBIAN"
dpkg-query -L memcached | while read -r path; do
  # Also /lib, which is a link on the host: a package has it as a directory.
  if [ -d "$path" ]; then mkdir -p "$package$path"; else cp -a "$path" "$package$path"; fi
done
for part in preinst postinst prerm postrm conffiles; do
  [ ! -e "/var/lib/dpkg/info/memcached.$part" ] || cp "/var/lib/dpkg/info/memcached.$part" "$package/DEBIAN/$part"
done
dpkg-query -s memcached | awk '/^Conffiles:/ { skip = 1; next } /^ / && skip { next } { skip = 0 } !/^Status:/' |
  sed 's/^Version: .*/&+newer1/' >"$package/DEBIAN/control"
dpkg-deb --build "$package" "$repository/memcached.deb" >/dev/null
{ dpkg-deb -f "$repository/memcached.deb"
  echo "Filename: ./memcached.deb"
  echo "Size: $(stat -c %s "$repository/memcached.deb")"
  echo "SHA256: $(sha256sum "$repository/memcached.deb" | cut -d ' ' -f 1)"; } >"$repository/Packages"
echo "deb [trusted=yes] file:$repository ./" >/etc/apt/sources.list.d/newer.list
apt-get -q update -o Dir::Etc::sourcelist=sources.list.d/newer.list -o Dir::Etc::sourceparts=- -o APT::Get::List-Cleanup=0
touch /var/lib/apt/lists/partial`;

const VERSION = "dpkg-query -W -f '${Version}' memcached";

/** A package of the base moves to a newer version on all hosts. */
export function upgrades(): void {
  let before: readonly string[];

  beforeAll(async () => {
    await untilHealthy(INVENTORY, 180_000);
    before = await Promise.all(HOSTS.map((host) => on(host, VERSION)));
    await Promise.all(HOSTS.map((host) => on(host, OFFERS_A_NEWER_ONE)));
  });

  it('upgrade --diff names the packages with both versions, and changes nothing', async () => {
    const survey = await osha('upgrade', INVENTORY, 'memcached', '--diff', '--json');
    expect(survey.exitCode, said(survey)).toBe(0);
    const moves = HOSTS.map(
      (host, at) => `${host}: memcached: upgrade memcached ${before[at]} to ${before[at]}+newer1`,
    );
    expect(changesOf(survey)).toEqual(expect.arrayContaining(moves));
    expect(await Promise.all(HOSTS.map((host) => on(host, VERSION)))).toEqual(before);
  });

  it('upgrade moves them on one host at a time, and every host runs the newer one', async () => {
    const run = await osha('upgrade', INVENTORY, 'memcached', '--json');
    expect(run.exitCode, said(run)).toBe(0);
    expect(await Promise.all(HOSTS.map((host) => on(host, VERSION)))).toEqual(
      before.map((version) => `${version}+newer1`),
    );
    for (const host of HOSTS) {
      const pid = await on(host, 'systemctl show -p MainPID --value memcached');
      expect(await on(host, `readlink /proc/${pid}/exe`)).toBe('/usr/bin/memcached');
    }
    await untilHealthy(INVENTORY, 180_000);
  });

  it('a second upgrade changes nothing', async () => {
    const again = await osha('upgrade', INVENTORY, 'memcached', '--json');
    expect(changesOf(again)).toEqual([]);
    expect(again.exitCode).toBe(0);
  });
}
