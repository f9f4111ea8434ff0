import { spawnSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import keepalived from '../../../playbooks/keepalived/playbook.ts';
import { givenUp, notInCluster } from '../../../playbooks/keepalived/cluster/release.ts';
import { anInventory } from '../../support/inventory.ts';
import { folderForAll } from '../../support/temporary-folder.ts';
import { contextOf, titlesOn } from '../context.ts';
import { kept } from './vips.ts';

const vips = [kept('api', 20, { holders: ['controller1', 'controller2'] })];

describe('the keepalived playbook', () => {
  it('has no hosts when Pacemaker holds all virtual IPs', () => {
    expect(keepalived.hosts(anInventory())).toEqual([]);
  });

  it('configures holders, and only stops keepalived on other hosts', () => {
    const context = contextOf(keepalived, { inventory: anInventory({ vips }) });
    expect(titlesOn(keepalived, context, 'controller2')).toEqual([
      'no virtual IP in a cluster',
      'keepalived',
      '/etc/keepalived/check-haproxy',
      '/etc/default/keepalived',
      '/etc/keepalived/keepalived.conf',
      'keepalived',
    ]);
    expect(titlesOn(keepalived, context, 'controller3')).toEqual(['no keepalived deployed by osha']);
  });

  it('recognises holders before any change, and records former holders before their peers are updated', () => {
    const steps = keepalived.steps(contextOf(keepalived, { inventory: anInventory({ vips }) }));
    expect(steps.map(({ title }) => title)).toEqual([
      'Check who else holds the virtual IPs',
      'Check that no Pacemaker cluster holds the virtual IPs',
      'Release what other hosts hold',
      'Install keepalived',
      'Record former holders',
      'Change settings on which holders must agree',
      'Configure every virtual IP',
      'Apply the configuration',
      'Run keepalived',
      'Each virtual IP is on one host',
    ]);
  });

  it('requires only the holders for its cluster steps', () => {
    const steps = keepalived.steps(contextOf(keepalived, { inventory: anInventory({ vips }) }));
    for (const step of steps) {
      if (step.kind === 'host') continue;
      const { members } = step.kind === 'cluster' ? step.operation : step.check;
      expect(members.map(({ name }) => name)).toEqual(['controller1', 'controller2']);
    }
  });
});

describe('a former holder', () => {
  const folder = folderForAll();
  const conf = join(folder, 'keepalived.conf');
  const operation = givenUp({ unit: 'keepalived', conf });

  /** What the probe finds, with a systemd that says `active` of every unit, or does not know it. */
  function found(content: string | undefined, active: boolean): boolean {
    rmSync(conf, { force: true });
    if (content !== undefined) writeFileSync(conf, content);
    const script = `systemctl() { ${active ? ':' : 'return 4'}; }\n${operation.probe.script}`;
    const { status, stdout, stderr } = spawnSync('sh', ['-c', script], { encoding: 'utf8' });
    expect([status, stderr]).toEqual([0, '']);
    return operation.probe.parse({ stdout, stderr, exitCode: 0 });
  }

  it.each([
    ['from osha and running', '# Placed by osha.\nglobal_defs {\n', true, true],
    ['from osha and stopped', '# Placed by osha.\n', false, false],
    ['from somebody else', 'global_defs {\n', true, false],
    ['not installed', undefined, false, false],
  ])('is detected with a keepalived that is %s', (_name, content, active, expected) => {
    expect(found(content, active)).toBe(expected);
  });

  it('stops and disables keepalived', () => {
    expect(operation.decide(false)).toEqual([]);
    const [change] = operation.decide(true);
    expect(change?.summary).toBe('stop keepalived (this host no longer holds a virtual IP)');
    expect(change?.script).toContain('disable -- keepalived\n');
    expect(change?.script).toContain('stop -- keepalived');
    expect(change?.effects).toEqual(['stops']);
  });
});

describe('virtual IPs for keepalived', () => {
  const { probe } = notInCluster(vips);
  const answer = (stdout: string) => ({ stdout, stderr: '', exitCode: 0 });

  it('are refused while a Pacemaker cluster holds them', () => {
    expect(() => probe.parse(answer(`value="${vips[0]?.address ?? ''}"\n`))).toThrow(
      /Pacemaker holds api here.*pcs resource delete vip-api/,
    );
  });

  it('are accepted without a cluster', () => {
    expect(probe.parse(answer(''))).toEqual([]);
  });
});
