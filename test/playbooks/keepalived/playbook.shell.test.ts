import { spawnSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import keepalived from '../../../playbooks/keepalived/playbook.ts';
import { givenUp, notInCluster } from '../../../playbooks/keepalived/cluster/former.ts';
import { anInventory } from '../../support/inventory.ts';
import { folderForAll } from '../../support/temporary-folder.ts';
import { contextOf, titlesOn } from '../context.ts';
import { kept } from './vips.ts';

const vips = [kept('api', 20, { holders: ['controller1', 'controller2'] })];

describe('the keepalived playbook', () => {
  it('is for nobody where Pacemaker holds all virtual IPs', () => {
    expect(keepalived.hosts(anInventory())).toEqual([]);
  });

  it('sets holders up, and only makes sure that no other host is one still', () => {
    const context = contextOf(keepalived, { inventory: anInventory({ vips }) });
    expect(titlesOn(keepalived, context, 'controller2')).toEqual([
      'no virtual IP in a cluster',
      'keepalived',
      '/etc/keepalived/check-haproxy',
      '/etc/default/keepalived',
      '/etc/keepalived/keepalived.conf',
      'keepalived',
    ]);
    expect(titlesOn(keepalived, context, 'controller3')).toEqual(["no keepalived of osha's"]);
  });

  it('finds out who held them before it changes anything, and what former holders to remember before their peers leave them out', () => {
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

  it('needs no host for its steps but those that can hold one', () => {
    const steps = keepalived.steps(contextOf(keepalived, { inventory: anInventory({ vips }) }));
    for (const step of steps) {
      if (step.kind === 'host') continue;
      const { members } = step.kind === 'cluster' ? step.operation : step.check;
      expect(members.map(({ name }) => name)).toEqual(['controller1', 'controller2']);
    }
  });
});

describe('a host that is no holder any more', () => {
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
    ["osha's, running", '# Placed by osha.\nglobal_defs {\n', true, true],
    ["osha's, stopped", '# Placed by osha.\n', false, false],
    ["somebody else's", 'global_defs {\n', true, false],
    ['none', undefined, false, false],
  ])('has a keepalived that is %s', (_name, content, active, expected) => {
    expect(found(content, active)).toBe(expected);
  });

  it('stops it, now and at boot', () => {
    expect(operation.decide(false)).toEqual([]);
    const [change] = operation.decide(true);
    expect(change?.summary).toBe('stop keepalived (this host no longer holds a virtual IP)');
    expect(change?.script).toContain('disable -- keepalived\n');
    expect(change?.script).toContain('stop -- keepalived');
    expect(change?.effects).toEqual(['stops']);
  });
});

describe('virtual IPs that keepalived is to hold', () => {
  const { probe } = notInCluster(vips);
  const answer = (stdout: string) => ({ stdout, stderr: '', exitCode: 0 });

  it('may not be in a cluster that runs, which would hold them on another host', () => {
    expect(() => probe.parse(answer(`value="${vips[0]?.address ?? ''}"\n`))).toThrow(
      /Pacemaker holds api here.*pcs resource delete vip-api/,
    );
  });

  it('are free where there is no cluster', () => {
    expect(probe.parse(answer(''))).toEqual([]);
  });
});
