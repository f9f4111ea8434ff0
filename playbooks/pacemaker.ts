import { minutes, packages, pacemaker, playbook, service, step, token, verify } from 'osha';
import type { Inventory, Operation, Vip } from 'osha';
import { desiredResources, HAPROXY } from './pacemaker/resources.ts';
import { settings } from './pacemaker/settings.ts';

function clusteredVips(inventory: Inventory): readonly Vip[] {
  return inventory.vips.filter((vip) => vip.by === 'pacemaker');
}

/** One run of pcs changes all members: what was learned of any of them before the cluster changed may not hold. */
function changedByPcs<Observed>(operation: Operation<Observed>): Operation<Observed> {
  const { probe } = operation;
  return { ...operation, probe: { ...probe, reads: [...probe.reads, 'cluster:pacemaker'] } };
}

/** Holds each virtual IP on exactly one host on which HAProxy runs, and moves it when that host or its HAProxy dies. */
export default playbook({
  name: 'pacemaker',
  title: 'Pacemaker and virtual IPs',
  hosts: (inventory) =>
    clusteredVips(inventory).length > 0
      ? inventory.hosts.filter((host) => host.roles.includes('loadbalancer'))
      : [],
  needs: ['base', 'haproxy'],
  settings,
  secrets: { hacluster: token('Password that the hosts of a Pacemaker cluster log in to each other with') },
  ports: [{ port: 2224, process: 'pcsd' }],

  steps: ({ inventory, hosts, settings, secrets, platform }) => {
    const { units, paths } = platform;
    const vips = clusteredVips(inventory);
    const membership = {
      name: settings.cluster_name ?? inventory.name,
      password: secrets.hacluster,
      corosyncConf: paths.corosyncConf,
    };
    return [
      step('Install Pacemaker, Corosync and pcs', packages.installed(platform.packages.pacemaker)),
      step('Remove the cluster of one that the package brings', pacemaker.noPlaceholder(paths.corosyncConf)),
      step('Let the hosts log in to each other', [
        pacemaker.password(pacemaker.CLUSTER_USER, secrets.hacluster),
        service.running(units.pcsd),
      ]),
      step('Form the cluster', pacemaker.cluster(hosts, membership)),
      step('Start the cluster at boot', [
        changedByPcs(service.enabled(units.corosync)),
        changedByPcs(service.enabled(units.pacemaker)),
      ]),
      step('Leave HAProxy to the cluster', service.disabled(units.haproxy)),
      step(
        'Run HAProxy and the virtual IPs',
        pacemaker.resources(desiredResources({ hosts, vips, settings, platform })),
        { once: true },
      ),
      verify('Each virtual IP is on one host', pacemaker.healthy(hosts, { vips, everywhere: [HAPROXY] }), {
        within: minutes(2),
      }),
    ];
  },

  health: ({ inventory, hosts }) => [
    pacemaker.healthy(hosts, { vips: clusteredVips(inventory), everywhere: [HAPROXY] }),
  ],

  validate: (inventory) =>
    inventory.vips
      .filter((vip) => vip.by === 'keepalived')
      .map((vip) => ({
        severity: 'error',
        path: ['vips', vip.name, 'by'],
        message: 'virtual IPs cannot be held by keepalived yet',
        hint: 'write: by: pacemaker',
      })),
});
