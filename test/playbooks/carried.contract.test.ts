import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { playbooks } from '../../playbooks/index.ts';
import { loadInventory } from '../../src/inventory/load.ts';
import { fernetKey } from '../../playbooks/keystone/key-repository.ts';
import { platformIds, platformOf } from '../../src/platform/index.ts';
import { carriedSecretsOf, createPlan } from '../../src/planner/plan.ts';
import type { CarriedSecret } from '../../src/playbook/carried-secret.ts';
import { checksumProbe, checksums, placesOn, valueProbe } from '../../src/preflight/carried.ts';
import type { Secret } from '../../src/secrets/secret.ts';
import { asSecretText } from '../../src/secrets/text.ts';
import { inventoriesWithSecrets } from '../support/inventories-with-secrets.ts';
import { below, placeFiles } from '../support/placed-files.ts';
import { folderForAll } from '../support/temporary-folder.ts';
import { secretRules } from '../../src/playbook/playbook.ts';
import { generateSecrets } from '../../src/secrets/rule.ts';

function ask(folder: string, probe: ReturnType<typeof valueProbe>) {
  const stdout = execFileSync('sh', ['-c', below(folder, probe.script)], {
    input: asSecretText(probe.input ?? '').reveal(),
    encoding: 'utf8',
  });
  return probe.parse({ stdout, stderr: '', exitCode: 0 });
}

const folder = folderForAll();

/** A deployment whose files stand in a folder for each host. */
function deployed(file: string, more: (host: string, secrets: Readonly<Record<string, Secret>>) => void) {
  const { inventory, problems } = loadInventory(file, { playbooks, platforms: platformIds });
  if (!inventory) throw new Error(JSON.stringify(problems));
  const present = playbooks.filter((playbook) => playbook.hosts(inventory).length > 0);
  const rules = secretRules(present, inventory.settings);
  const secrets = generateSecrets(rules);
  const request = { inventory, playbooks, secrets, platform: platformOf(inventory.platform) };
  const root = join(folder, inventory.name);
  rmSync(root, { recursive: true, force: true });
  placeFiles(createPlan(request), (host) => join(root, host));
  for (const host of inventory.hosts) more(join(root, host.name), secrets);
  return {
    inventory,
    secrets,
    places: carriedSecretsOf(request),
    folderOf: (host: string) => join(root, host),
  };
}

/** What a cluster operation places. */
function fernetKeys(host: string, secrets: Readonly<Record<string, Secret>>): void {
  if (!secrets['keystoneKeys']) return;
  mkdirSync(join(host, 'etc/keystone/credential-keys'), { recursive: true });
  const key = fernetKey({ seed: secrets['keystoneKeys'], purpose: 'credential' }, 1);
  writeFileSync(join(host, 'etc/keystone/credential-keys/1'), key.reveal());
}

describe.each(inventoriesWithSecrets)('the secrets of %s', { timeout: 60_000 }, (name, text) => {
  const file = join(folder, `${name.replaceAll(' ', '-')}.yaml`);
  writeFileSync(file, text);
  const { inventory, secrets, places, folderOf } = deployed(file, fernetKeys);
  const held = (place: CarriedSecret): string => {
    const secret = secrets[place.secret]!;
    return place.holds?.(secret) ?? secret.reveal();
  };

  it('are read back from every host that carries them, in one script without an error', () => {
    for (const host of inventory.hosts) {
      const own = placesOn(host, places);
      const found = ask(folderOf(host.name), valueProbe(own));
      const wanted = own.map((place) => `${place.path} ${place.secret} ${held(place)}`);
      expect(found.map((one) => `${one.place.path} ${one.place.secret} ${one.found}`)).toEqual(wanted);
    }
  });

  it('are told apart by checksums, which hold no value', () => {
    const [host] = inventory.hosts;
    const own = placesOn(host!, places);
    const sums = checksums();
    const found = ask(folderOf(host!.name), checksumProbe(own, sums));
    expect(found.map((one) => one.found)).toEqual(own.map((place) => sums.of(place, secrets[place.secret]!)));
    const other = checksums();
    expect(found.map((one) => one.found)).not.toContain(other.of(own[0]!, secrets[own[0]!.secret]!));
  });

  it('are found nowhere on hosts on which only packages were installed', () => {
    const bare = join(folder, 'bare');
    mkdirSync(join(bare, 'var/lib/rabbitmq'), { recursive: true });
    mkdirSync(join(bare, 'etc/haproxy'), { recursive: true });
    mkdirSync(join(bare, 'etc/nova'), { recursive: true });
    writeFileSync(join(bare, 'var/lib/rabbitmq/.erlang.cookie'), 'ABCDEFGHIJKLMNOPQRST');
    writeFileSync(join(bare, 'etc/haproxy/haproxy.cfg'), 'global\n  stats auth osha:letmein\n');
    writeFileSync(join(bare, 'etc/nova/nova.conf'), '[keystone_authtoken]\npassword = nova\n');
    const [host] = inventory.hosts;
    expect(ask(bare, valueProbe(placesOn(host!, places)))).toEqual([]);
  });
});
