import { describe, expect, it } from 'vitest';
import { rootwrap } from '../../../playbooks/openstack/rootwrap.ts';
import { platformOf } from '../../../src/platform/index.ts';
import { deployment, operationsOf, placedBy, valuesOn } from './deployment.ts';

const ENTRIES = '/usr/local/libexec/osha/openstack';
const MONITOR = `${ENTRIES}/neutron-keepalived-state-change`;
const PRIVSEP = `${ENTRIES}/privsep-helper`;

const deployed = deployment();
const entriesOn = (host: string): readonly string[] => [
  ...new Set(
    placedBy(deployed)
      .filter((placed) => placed.host === host && placed.path.startsWith(`${ENTRIES}/`))
      .map(({ path }) => path),
  ),
];

describe('programs that agents start as root', () => {
  it.each([
    ['n1', '/etc/neutron/rootwrap.conf'],
    ['k1', '/etc/neutron/rootwrap.conf'],
    ['k1', '/etc/nova/rootwrap.conf'],
  ])('is looked for among entry points of its own first, on %s by %s', (host, conf) => {
    const values = valuesOn(deployed, host, conf);
    expect(values['DEFAULT.exec_dirs']).toMatch(new RegExp(`^${ENTRIES},/sbin,/usr/sbin,/bin,/usr/bin,`));
    expect(values['DEFAULT.filters_path']).toContain(conf.replace('rootwrap.conf', 'rootwrap.d'));
  });

  it("have entry points writable only by root, on agents' hosts only", () => {
    expect(entriesOn('n1')).toEqual([PRIVSEP, MONITOR]);
    expect(entriesOn('c1')).toEqual([]);
    const placed = placedBy(deployed).filter(({ path }) => path.startsWith(`${ENTRIES}/`));
    expect(new Set(placed.map(({ mode }) => mode))).toEqual(new Set([0o755]));
    expect(new Set(placed.map(({ script }) => /chown [^\n]*root:root/.test(script)))).toEqual(
      new Set([true]),
    );
  });

  it("call the package's function after making the log thread-safe", () => {
    const monitor = placedBy(deployed).find(({ path }) => path === MONITOR)?.text ?? '';
    expect(monitor.indexOf('_fix_eventlet_logging')).toBeGreaterThan(0);
    expect(monitor.indexOf('from neutron.cmd.keepalived_state_change import main')).toBeGreaterThan(
      monitor.indexOf('_fix_eventlet_logging'),
    );
  });

  it.each([
    ['neutron-agents', 'neutron-l3-agent'],
    ['neutron-agents', 'neutron-linuxbridge-agent'],
    ['nova-compute', 'neutron-linuxbridge-agent'],
    ['nova-compute', 'nova-compute'],
  ])('makes an agent of %s start again when it changes: %s', (phase, unit) => {
    const restarts = operationsOf(deployed).filter(
      (planned) => planned.phase === phase && planned.operation.title.includes(unit),
    );
    expect(restarts.some(({ operation }) => operation.probe.script.includes(PRIVSEP))).toBe(true);
  });

  it("keep the platform's entry points if its oslo.log is newer", () => {
    const later = { ...platformOf('debian-12'), versions: { rabbitmq: '3.10', osloLog: '6.0' } };
    expect(rootwrap(later, 'neutron')).toEqual({ operations: [], paths: [] });
  });
});
