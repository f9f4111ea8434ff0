import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { DEFAULT_TIMEOUT_SECONDS, LIMITS } from '../../../../src/playbook/limits.ts';
import type { ProbeAnswer } from '../../../../src/playbook/operation.ts';
import { folderForTest } from '../../../support/temporary-folder.ts';
import { runHere } from '../../../operations/local.ts';
import { startScript, type Company } from '../../../../playbooks/pacemaker/cluster/formation.ts';

const quorum = (nodes: number, quorate: 'Yes' | 'No'): string =>
  `Quorum information\n------------------\nNodes:            ${nodes}\nNode ID:          1\nQuorate:          ${quorate}\n\nExpected votes:   3\n`;

describe('the start script of a member', () => {
  let folder: string;
  beforeEach(() => (folder = folderForTest()));

  /** What comes of it where Corosync says this. */
  function started(
    company: Company,
    says: string,
    pacemaker: 'active' | 'inactive' = 'inactive',
  ): ProbeAnswer {
    writeFileSync(join(folder, 'says'), says);
    const tools = {
      systemctl: `case $* in
  "-q is-active pacemaker") [ ${pacemaker} = active ] ;;
  *) echo "$@" >>${folder}/log ;;
esac`,
      'corosync-quorumtool': `cat ${folder}/says; exit 2`,
      crm_mon: `printf '%s\\n' '<current_dc present="true"/>' '<node name="c1" id="1" online="true" pending="false"/>'`,
      crm_node: 'echo c1',
      sleep: ':',
    };
    for (const [name, body] of Object.entries(tools)) {
      writeFileSync(join(folder, name), `#!/bin/sh\n${body}\n`);
      chmodSync(join(folder, name), 0o755);
    }
    // Each look is a second apart on a host; here three have to do.
    const timeout = Math.ceil((3 * DEFAULT_TIMEOUT_SECONDS) / LIMITS.pacemakerForms);
    return runHere(`set -e\nOSHA_TIMEOUT=${timeout}\nPATH="${folder}:$PATH"\n${startScript(company)}`);
  }

  function log(): readonly string[] {
    const path = join(folder, 'log');
    return existsSync(path) ? readFileSync(path, 'utf8').trim().split('\n') : [];
  }

  const BOTH = ['start corosync', 'start pacemaker'];
  const ONLY = ['start corosync'];

  it.each<[string, Company, string, readonly string[]]>([
    ['starts Pacemaker with a quorum', 'majority', quorum(2, 'Yes'), BOTH],
    ['does not start it without quorum', 'majority', quorum(1, 'No'), ONLY],
    ['does not start it when Corosync does not respond', 'majority', '', ONLY],
    ['starts Pacemaker when two members see each other', 'both', quorum(2, 'Yes'), BOTH],
    ['does not start it when one of two has quorum alone', 'both', quorum(1, 'Yes'), ONLY],
    ['starts Pacemaker when no other member can run anything', 'nobody', quorum(1, 'No'), BOTH],
  ])('%s', (_, company, says, expected) => {
    const { exitCode, stderr } = started(company, says);
    expect(log()).toEqual(expected);
    expect(exitCode).toBe(expected.length === 2 ? 0 : 1);
    if (exitCode === 1)
      expect(stderr).toContain(
        'Pacemaker was not started, because it could run the same resources as the others',
      );
  });

  it('does not wait for quorum when Pacemaker already runs', () => {
    expect(started('majority', quorum(1, 'No'), 'active').exitCode).toBe(0);
  });
});
