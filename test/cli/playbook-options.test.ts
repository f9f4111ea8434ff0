import { join } from 'node:path';
import { writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { playbooks } from '../../playbooks/index.ts';
import { folderForAll } from '../support/temporary-folder.ts';
import { osha } from './run-cli.ts';

const folder = folderForAll();

describe('options that a playbook takes', () => {
  const declared = playbooks.flatMap(({ options = {} }) => Object.keys(options));

  it.each(['deploy', 'plan'])('are those of %s', async (verb) => {
    const { stdout } = await osha(folder, verb, '--help');
    expect(declared).toEqual(['bootstrap-from']);
    for (const name of declared) expect(stdout).toContain(`--${name} <host>`);
  });

  it.each([
    [
      ['--bootstrap-from', 'web'],
      'error: --bootstrap-from names "web", which is not a member of the database',
    ],
    [
      ['--bootstrap-from', 'a', '--skip', 'galera'],
      'belongs to the phase galera, which is not part of this run',
    ],
  ])('exit with 2 where they do not apply: %j', async (options, words) => {
    const hosts = ['a', 'b', 'c'].map(
      (name, index) => `  ${name}: { address: 192.0.2.${index + 1}, roles: [controller] }`,
    );
    writeFileSync(
      join(folder, 'inventory.yaml'),
      `name: test\nhosts:\n${hosts.join('\n')}\n  web: { address: 192.0.2.9, roles: [loadbalancer] }\n`,
    );
    const { exitCode, stderr } = await osha(folder, 'deploy', 'inventory.yaml', '--dry-run', ...options);
    expect(stderr).toContain(words);
    expect(exitCode).toBe(2);
  });
});
