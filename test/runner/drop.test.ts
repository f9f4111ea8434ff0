import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { step } from '../../src/playbook/step.ts';
import { LocalHosts } from '../support/local-hosts.ts';
import { written } from '../support/operations.ts';
import { aPlaybook, run } from '../support/run.ts';

let hosts: LocalHosts;
beforeEach(() => {
  hosts = new LocalHosts();
});
afterEach(() => hosts.remove());

const files = aPlaybook('files', () => [
  step('Write a', written('a', 'A')),
  step('Write b', [written('b', 'B'), written('c', 'C')]),
]);

describe('a connection that drops', () => {
  it('while a probe runs: the probe is asked again', async () => {
    hosts.dropAfter('controller2', (script) => script.includes('cat a'));
    const { summary } = await run(hosts, [files]);
    expect(summary).toMatchObject({ changed: 6, failed: 0 });
  });

  it('while a change runs: the change is not sent again, the host is asked what came of it', async () => {
    hosts.dropAfter('controller2', (script) => script.includes('cat > a'));
    const { summary } = await run(hosts, [files]);
    expect(summary).toMatchObject({ changed: 6, failed: 0 });
    expect(
      hosts.sent.filter((line) => line.startsWith('controller2') && line.includes('cat > a')),
    ).toHaveLength(1);
  });

  it('takes the host’s lock again, and leaves the host alone when somebody else has it by now', async () => {
    hosts.dropAfter('controller2', (script) => {
      const drops = script.includes('cat > a');
      if (drops) hosts.lockBy('controller2', 'ops@elsewhere');
      return drops;
    });
    const { outcomes } = await run(hosts, [files]);
    expect(outcomes).toContain('controller2 write-a failed');
    expect(outcomes).toContain('controller2 write-b skipped');
    expect(outcomes).toContain('controller3 write-b changed');
  });
});
