import {
  carried,
  file,
  holdersOf,
  type Host,
  type Inventory,
  type Operation,
  packages,
  type Platform,
  playbook,
  type PlaybookContext,
  seconds,
  service,
  step,
  token,
  verify,
} from 'osha';
import { agreed, reloaded } from './cluster/agree.ts';
import { checkScript, keepalivedConf, keepalivedEnv, keptVips, PASSWORD_LENGTH } from './files/conf.ts';
import { givenUp, notInCluster } from './cluster/release.ts';
import { heldOnce } from './health.ts';
import { life } from './life.ts';
import type { ObserveOptions } from './cluster/observe.ts';
import { recognised, remembered } from './cluster/recognise.ts';
import { problems } from './validate.ts';
import { settings } from './settings.ts';

/** In the folder of `keepalived.conf`: keepalived rejects scripts below folders that others than root can write to. */
function checkPath(conf: string): string {
  return conf.replace(/[^/]+$/, 'check-haproxy');
}

/** The hosts that can hold a virtual IP with keepalived. */
function holders(inventory: Inventory): readonly Host[] {
  const names = new Set(keptVips(inventory).flatMap((vip) => holdersOf(inventory, vip)));
  return inventory.hosts.filter((host) => names.has(host));
}

function observedBy({
  inventory,
  platform,
  secrets,
}: Pick<PlaybookContext<unknown, 'keepalived'>, 'inventory' | 'platform' | 'secrets'>): ObserveOptions {
  return {
    inventory,
    vips: keptVips(inventory),
    unit: platform.units.keepalived,
    conf: platform.paths.keepalivedConf,
    password: secrets.keepalived,
  };
}

function running({ units, paths }: Platform): Operation {
  return service.running(units.keepalived, { newerThan: [paths.keepalivedEnv] });
}

/** Generous: a busy host misses advertisements. */
function takeoverSeconds(settings: { readonly advert_seconds: number }): number {
  return 60 + 4 * settings.advert_seconds;
}

/** Runs a VRRP instance for each virtual IP on its holders; the address follows a responding HAProxy. */
export default playbook({
  name: 'keepalived',
  title: 'keepalived and virtual IPs',
  // All hosts, to stop keepalived on former holders.
  hosts: (inventory) => (holders(inventory).length > 0 ? inventory.hosts : []),
  needs: ['base', 'haproxy'],
  settings,
  secrets: {
    keepalived: token('Password shared by the holders of virtual IPs; only its first 8 characters count'),
  },
  carries: ({ inventory, platform }) => [
    {
      ...carried.inLine('keepalived', holders(inventory), platform.paths.keepalivedConf, {
        line: 'auth_pass ',
      }),
      holds: (secret) => secret.reveal().slice(0, PASSWORD_LENGTH),
      restores: 'beginning',
    },
  ],

  steps: (context) => {
    const { inventory, hosts, settings, secrets, platform } = context;
    const unit = platform.units.keepalived;
    const { keepalivedConf: conf, keepalivedEnv: env } = platform.paths;
    const vips = keptVips(inventory);
    const kept = holders(inventory);
    const others = hosts.filter((host) => !kept.includes(host));
    const on = { hosts: kept };
    const observed = observedBy(context);
    const options = { ...observed, settings };
    const confOf = (host: Host) =>
      file.content(conf, {
        content: keepalivedConf({
          host,
          inventory,
          settings,
          password: secrets.keepalived,
          checkScript: checkPath(conf),
          conf,
        }),
        mode: 0o600,
        validate: 'keepalived --config-test --use-file {}',
      });
    return [
      // Before any file is written, because a stranger that loses its peers would take the address.
      step('Check who else holds the virtual IPs', recognised(kept, options), { recovers: true }),
      step('Check that no Pacemaker cluster holds the virtual IPs', notInCluster(vips), on),
      ...(others.length > 0
        ? [step('Release what other hosts hold', givenUp({ unit, conf }), { hosts: others })]
        : []),
      step('Install keepalived', packages.installed(platform.packages.keepalived), on),
      step('Record former holders', remembered(kept, options)),
      step('Change settings on which holders must agree', agreed(kept, options, confOf)),
      step(
        'Configure every virtual IP',
        (host) => [
          file.content(checkPath(conf), { content: checkScript(), mode: 0o755 }),
          file.content(env, { content: keepalivedEnv() }),
          confOf(host),
        ],
        on,
      ),
      // Before a new holder starts that would not receive the others' advertisements.
      step('Apply the configuration', reloaded(kept, options)),
      // A restart moves the virtual IPs of the host: one at a time, so that another host can take them.
      step('Run keepalived', running(platform), {
        ...on,
        oneAtATime: true,
        recovers: true,
      }),
      verify('Each virtual IP is on one host', heldOnce(kept, observed), {
        within: seconds(takeoverSeconds(settings)),
      }),
    ];
  },

  health: (context) => [heldOnce(context.hosts, observedBy(context))],

  life: (context) =>
    life(context.hosts, {
      ...observedBy(context),
      running: running(context.platform),
      takeoverSeconds: takeoverSeconds(context.settings),
    }),

  validate: problems,
});
