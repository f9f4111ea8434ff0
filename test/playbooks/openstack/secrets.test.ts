import { describe, expect, it } from 'vitest';
import type { HealthCheck, Probe } from '../../../src/playbook/operation.ts';
import { asSecretText } from '../../../src/secrets/text.ts';
import { deployment, operationsOf, placedBy } from './deployment.ts';

const deployed = deployment({ more: 'haproxy: { tls: { api: {} } }' });
const values = deployed.secrets.map((secret) => secret.reveal());
const steps = deployed.plan.phases.flatMap((phase) => phase.steps.map(({ step }) => ({ phase, step })));
const operations = operationsOf(deployed);

/** Names of the secrets whose value is in a text. */
const secretsIn = (text: string): readonly string[] =>
  deployed.secrets.filter((secret) => text.includes(secret.reveal())).map(({ name }) => name);

/** The visible parts of a probe: its script and masked input. */
const seen = ({ script, input, reads }: Probe): string => [script, String(input ?? ''), ...reads].join('\n');

/** Every health check of every phase, including those that steps wait for. */
const checks: readonly HealthCheck[] = [
  ...deployed.plan.phases.flatMap(({ health }) => health),
  ...steps.flatMap(({ step }) => (step.kind === 'verify' ? [step.check] : [])),
  ...steps.flatMap(({ step }) =>
    step.kind === 'host' ? deployed.inventory.hosts.flatMap((host) => step.untilHealthy?.(host) ?? []) : [],
  ),
];

describe('a secret', () => {
  it('exists for every account of the cloud, and none is shared', () => {
    const services = ['keystone', 'glance', 'placement', 'nova', 'neutron', 'cinder'];
    const wanted = [
      ...services.flatMap((service) => [`${service}Database`, `${service}Account`]),
      ...['openstackAdmin', 'rabbitmqOpenstack', 'metadataProxy', 'keystoneKeys', 'horizonKey'],
    ];
    expect(deployed.secrets.map(({ name }) => name)).toEqual(expect.arrayContaining(wanted));
    expect(new Set(values).size).toBe(values.length);
  });

  it('is in no title', () => {
    const titles = [
      ...steps.map(({ step }) => step.title),
      ...operations.map(({ operation }) => operation.title),
      ...checks.map(({ title }) => title),
    ];
    expect(titles.length).toBeGreaterThan(100);
    expect(secretsIn(titles.join('\n'))).toEqual([]);
  });

  it('is in no script of a probe, and masked in its input', () => {
    const probes = [
      ...operations.map(({ operation }) => operation.probe),
      ...steps.flatMap(({ step }) =>
        step.kind === 'cluster' ? step.operation.members.map((member) => step.operation.probe(member)) : [],
      ),
      ...checks.flatMap((check) => check.members.map((member) => check.probe(member))),
    ];
    expect(probes.length).toBeGreaterThan(300);
    const scripts = new Set(probes.map(seen));
    expect([...scripts].flatMap(secretsIn)).toEqual([]);
  });

  it('is masked in the diff of every file, and in no script that places one', () => {
    const files = placedBy(deployed);
    expect(files.flatMap(({ masked, script }) => secretsIn(`${masked}\n${script}`))).toEqual([]);
    // Ensures that there is something to mask.
    expect(files.filter(({ text }) => secretsIn(text).length > 0).length).toBeGreaterThan(20);
  });

  it('is masked in files that osha edits in part', () => {
    const shown = operations.flatMap(({ operation: { places } }) =>
      places ? [asSecretText(places.content).masked()] : [],
    );
    expect(secretsIn(shown.join('\n'))).toEqual([]);
  });
});

describe('a database account', () => {
  const passwords = (host: string, path: string): readonly string[] =>
    placedBy(deployed)
      .filter((placed) => placed.host === host && placed.path === path)
      .flatMap(({ text }) => secretsIn(text).filter((name) => name.endsWith('Database')));

  it("is only in its own service's files", () => {
    expect(passwords('c1', '/etc/nova/nova.conf')).toEqual(['novaDatabase']);
    expect(passwords('c1', '/etc/cinder/cinder.conf')).toEqual(['cinderDatabase']);
  });

  it('is on no dedicated network or compute host', () => {
    const known = placedBy(deployed)
      .filter(({ host }) => host === 'n1' || host === 'k1')
      .flatMap(({ path, text }) =>
        secretsIn(text)
          .filter((name) => /Database$|^openstackAdmin$|^keystoneKeys$/.test(name))
          .map((name) => `${path}: ${name}`),
      );
    expect(known).toEqual([]);
  });
});
