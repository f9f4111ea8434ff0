import { describe, expect } from 'vitest';
import { run } from '../support/run.ts';
import { files, it } from './it.ts';

describe('a connection that drops', () => {
  it('during a probe: the probe is sent again', async ({ hosts }) => {
    hosts.dropAfter('controller2', (script) => script.includes('cat a'));
    const { summary } = await run(hosts, [files]);
    expect(summary).toMatchObject({ changes: 9, failed: 0 });
  });

  it('during a change: the change is not sent again, a probe finds out whether it completed', async ({
    hosts,
  }) => {
    hosts.dropAfter('controller2', (script) => script.includes('cat > a'));
    const { summary } = await run(hosts, [files]);
    expect(summary).toMatchObject({ changes: 9, failed: 0 });
    expect(
      hosts.sent.filter((line) => line.startsWith('controller2') && line.includes('cat > a')),
    ).toHaveLength(1);
  });

  it('takes the lock again, and leaves the host unchanged if another run holds it by then', async ({
    hosts,
  }) => {
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
