import { file, holdersOf, minutes, packages, playbook, seconds, service, step, token, verify } from 'osha';
import type { Host, Inventory } from 'osha';
import { checkScript, keepalivedConf, keepalivedEnv, keptVips } from './keepalived/conf.ts';
import { givenUp, notInCluster } from './keepalived/former.ts';
import { heldOnce } from './keepalived/health.ts';
import { problems } from './keepalived/rules.ts';
import { settings } from './keepalived/settings.ts';

/** Beside keepalived's own file: scripts are refused where anybody but root could write to a folder above them. */
function checkPath(conf: string): string {
  return conf.replace(/[^/]+$/, 'check-haproxy');
}

/** The hosts that can hold a virtual IP by keepalived. */
function holders(inventory: Inventory): readonly Host[] {
  const names = new Set(keptVips(inventory).flatMap((vip) => holdersOf(inventory, vip)));
  return inventory.hosts.filter((host) => names.has(host));
}

/** Each virtual IP by a VRRP instance of its own on the hosts that can hold it; it goes where HAProxy answers. */
export default playbook({
  name: 'keepalived',
  title: 'keepalived and virtual IPs',
  // All hosts, for the sake of those that could hold one before.
  hosts: (inventory) => (holders(inventory).length > 0 ? inventory.hosts : []),
  needs: ['base', 'haproxy'],
  settings,
  secrets: { keepalived: token('Password of the holders of virtual IPs; its first 8 characters count') },

  steps: ({ inventory, hosts, settings, secrets, platform }) => {
    const unit = platform.units.keepalived;
    const { keepalivedConf: conf, keepalivedEnv: env } = platform.paths;
    const vips = keptVips(inventory);
    const kept = holders(inventory);
    const others = hosts.filter((host) => !kept.includes(host));
    const on = { hosts: kept };
    return [
      step('Make sure that no cluster holds them', notInCluster(vips), on),
      ...(others.length > 0
        ? [step('Give up what other hosts hold', givenUp({ unit, conf }), { hosts: others })]
        : []),
      step('Install keepalived', packages.installed(platform.packages.keepalived), on),
      step(
        'Configure every virtual IP',
        (host) => [
          file.content(checkPath(conf), { content: checkScript(), mode: 0o755 }),
          file.content(env, { content: keepalivedEnv() }),
          file.content(conf, {
            content: keepalivedConf({
              host,
              inventory,
              settings,
              password: secrets.keepalived,
              checkScript: checkPath(conf),
            }),
            mode: 0o600,
            validate: 'keepalived --config-test --use-file {}',
          }),
        ],
        on,
      ),
      // A restart moves what the host holds: one after another, so that there is always somebody to take it.
      step('Run keepalived', service.running(unit, { newerThan: [env] }), { ...on, oneAtATime: true }),
      // All at the same time: holders that disagree on an interval or a password do not hear each other.
      step('Take the configuration over', service.running(unit, { newerThan: [conf], reload: true }), on),
      verify('Each virtual IP is on one host', heldOnce(hosts, { vips, unit }), {
        within: minutes(1) + seconds(4 * settings.advert_seconds),
      }),
    ];
  },

  health: ({ inventory, hosts, platform }) => [
    heldOnce(hosts, { vips: keptVips(inventory), unit: platform.units.keepalived }),
  ],

  validate: problems,
});
