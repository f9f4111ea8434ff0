import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import galera from '../../../../playbooks/galera/playbook.ts';
import { HEALTH_SCRIPT, healthScript } from '../../../../playbooks/galera/files/endpoint.ts';
import { folderForAll } from '../../../support/temporary-folder.ts';
import { contextOf, placedFile } from '../../context.ts';

describe('the health endpoint', () => {
  const directory = folderForAll();

  /** What the endpoint answers where the server's client does `client`. */
  function answer(
    client: string,
    sst: 'rsync' | 'mariabackup',
    request = 'OPTIONS / HTTP/1.0\r\nHost: x\r\n\r\n',
  ): string {
    const path = join(directory, 'mariadb');
    writeFileSync(path, `#!/bin/sh\n${client}\n`);
    chmodSync(path, 0o755);
    const env = { PATH: `${directory}:${process.env['PATH'] ?? ''}` };
    return spawnSync('sh', ['-c', healthScript({ sst })], {
      input: request,
      encoding: 'utf8',
      env,
      timeout: 10_000,
    }).stdout;
  }

  const says = (cluster: string, state: number, words: string, ready: string): string =>
    `printf '%s\\t%s\\n' wsrep_ready ${ready} wsrep_local_state_comment ${words} wsrep_local_state ${state} wsrep_cluster_status ${cluster}`;

  const cases: readonly (readonly [string, string, 'rsync' | 'mariabackup', number])[] = [
    ['a Synced member', says('Primary', 4, 'Synced', 'ON'), 'rsync', 200],
    ['one that is not ready', says('Primary', 4, 'Synced', 'OFF'), 'rsync', 503],
    ['one without a quorum', says('non-Primary', 0, 'Initialized', 'OFF'), 'rsync', 503],
    ['one that is brought up to date', says('Primary', 3, 'Joined', 'ON'), 'rsync', 503],
    [
      'one that rsync blocks while it gives its data away',
      says('Primary', 2, 'Donor/Desynced', 'ON'),
      'rsync',
      503,
    ],
    [
      'one that gives its data away and goes on serving',
      says('Primary', 2, 'Donor/Desynced', 'ON'),
      'mariabackup',
      200,
    ],
    ['a server that is down', 'exit 1', 'rsync', 503],
    ['a server that hangs', 'exec sleep 60', 'rsync', 503],
  ];
  it.each(cases)('answers for %s', (_name, client, sst, status) => {
    expect(answer(client, sst)).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
  });

  it('asks the server over the socket that its configuration names', async () => {
    const socket = join(directory, 'elsewhere.sock');
    const server = createServer().listen(socket);
    await once(server, 'listening');
    const defaults = join(directory, 'my_print_defaults');
    writeFileSync(defaults, `#!/bin/sh\necho --socket=${socket}\n`);
    chmodSync(defaults, 0o755);
    const synced = says('Primary', 4, 'Synced', 'ON');
    expect(answer(`case "$*" in *--socket=${socket}*) ${synced} ;; esac`, 'rsync')).toMatch(
      /^HTTP\/1.1 200 /,
    );
    rmSync(defaults);
    server.close();
  });

  it('says as many bytes as it announces', () => {
    const [head = '', body = ''] = answer(says('Primary', 4, 'Synced', 'ON'), 'rsync').split('\r\n\r\n');
    expect(body).toBe('galera: Primary 4 Synced ON\n');
    expect(head).toContain(`Content-Length: ${body.length}`);
  });

  it('answers a client that sends nothing and goes', () => {
    expect(answer('exit 1', 'rsync', '')).toMatch(/^HTTP\/1.1 503 /);
  });

  it('may be run by its own account', () => {
    expect(placedFile(galera, contextOf(galera), 'controller1', HEALTH_SCRIPT)).toMatch(/^#!\/bin\/sh\n/);
  });
});
