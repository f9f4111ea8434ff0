import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import {
  observeMember,
  parseMember,
  type MemberObservation,
} from '../../../../playbooks/galera/cluster/observe.ts';
import { membersOf, type Member } from '../../../../playbooks/galera/cluster/members.ts';
import { platformOf } from '../../../../src/platform/index.ts';
import type { ProbeAnswer } from '../../../../src/playbook/operation.ts';
import { aHost } from '../../../support/inventory.ts';
import { folderForTest } from '../../../support/temporary-folder.ts';
import { POSITION_FILE } from '../../../../playbooks/galera/cluster/shell-functions.ts';

/** A server process of this test, and the sockets on which it listens. */
export interface FakeServer {
  readonly unixSocket?: boolean;
  readonly ports?: readonly number[];
  /** Its data directory; default the host's. */
  readonly directory?: string;
  /** Whether it is the process of the unit; default true. */
  readonly ofUnit?: boolean;
}

/** Node.js under the name of the server, in its data directory. */
const SERVER = `process.title = 'mariadbd';
const [directory, unix, ...ports] = process.argv.slice(1);
process.chdir(directory);
// A loopback address of its own: tests run at the same time.
const host = '127.' + ((process.pid >> 8) & 255) + '.' + (process.pid & 255) + '.9';
const wanted = [...(unix ? [unix] : []), ...ports.map((port) => ({ port: Number(port), host }))];
Promise.all(wanted.map((at) => new Promise((done) => require('net').createServer().listen(at, done)))).then(() =>
  console.log('listens'));
setInterval(() => {}, 1000);`;

/**
 * A host with a fake systemd, a fake MariaDB client and a fake server, to run osha's scripts on a real shell: the state
 * of the unit, the answers of the client and the data directory are files.
 */
export class FakeHost {
  readonly folder = folderForTest();
  readonly data = join(this.folder, 'data');
  readonly socket = join(this.folder, 'mysqld.sock');
  readonly #bin = join(this.folder, 'bin');
  readonly #properties = new Map<string, string>();

  constructor() {
    for (const folder of [this.#bin, this.data, join(this.data, 'mysql')]) mkdirSync(folder);
    writeFileSync(join(this.data, 'ib_logfile0'), 'log');
    this.program(
      'systemctl',
      `echo "systemctl $*" >>${this.folder}/done
case "$1 $*" in
  *is-active*) sed -n 's/^ActiveState=//p' ${this.folder}/unit; exit 0 ;;
  *show-environment*) cat ${this.folder}/environment 2>/dev/null; exit 0 ;;
  *show*--value*) sed -n "s/^$3=//p" ${this.folder}/unit; exit 0 ;;
  *show*) cat ${this.folder}/unit; exit 0 ;;
esac
exit 0`,
    );
    this.program('mariadbd', 'exit 1');
    // State transfers of other servers on this machine do not count.
    this.program('pgrep', 'exit 1');
    this.program('my_print_defaults', `cat ${this.folder}/options 2>/dev/null; exit 0`);
    this.unit({ ActiveState: 'inactive', MainPID: '0', InvocationID: 'first' });
    this.client('exit 1');
  }

  /** A program that shadows the host's own. */
  program(name: string, script: string): void {
    writeFileSync(join(this.#bin, name), `#!/bin/sh\n${script}\n`);
    chmodSync(join(this.#bin, name), 0o755);
  }

  /** Sets the state of the unit in systemd. */
  unit(properties: Readonly<Record<string, string>>): void {
    for (const [name, value] of Object.entries(properties)) this.#properties.set(name, value);
    const lines = [...this.#properties].map(([name, value]) => `${name}=${value}\n`);
    writeFileSync(join(this.folder, 'unit'), lines.join(''));
  }

  /** Options of the server's files. */
  options(...lines: readonly string[]): void {
    appendFileSync(join(this.folder, 'options'), lines.map((line) => `${line}\n`).join(''));
  }

  client(script: string): void {
    this.program('mariadb', `echo "mariadb $*" >>${this.folder}/done\n${script}`);
  }

  /** Makes the client print rows. */
  says(rows: Readonly<Record<string, string>>): void {
    const lines = Object.entries(rows).map(([name, value]) => `${name}\\t${value}\\n`);
    this.client(`printf '${lines.join('')}'`);
  }

  write(path: string, content: string): void {
    const whole = join(this.data, path);
    mkdirSync(join(whole, '..'), { recursive: true });
    writeFileSync(whole, content);
  }

  state(uuid: string, seqno: number): void {
    this.write(
      'grastate.dat',
      `# GALERA saved state\nversion: 2.1\nuuid:    ${uuid}\nseqno:   ${seqno}\nsafe_to_bootstrap: 0\n`,
    );
  }

  /** Starts a server, and waits until it listens. */
  async server({
    unixSocket = false,
    ports = [],
    directory = this.data,
    ofUnit = true,
  }: FakeServer): Promise<void> {
    const args = ['-e', SERVER, '--', directory, unixSocket ? this.socket : '', ...ports.map(String)];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    onTestFinished(() => {
      child.kill('SIGKILL');
    });
    await once(child.stdout, 'data');
    if (ofUnit) this.unit({ MainPID: String(child.pid) });
  }

  /** Runs a script of osha on this host. */
  run(script: string): ProbeAnswer {
    const here = script
      .replaceAll(POSITION_FILE, join(this.folder, 'noted', 'position'))
      .replaceAll('/run/osha', join(this.folder, 'noted'))
      .replaceAll('/run/mariadb-wsrep-new-cluster', join(this.folder, 'new-cluster'))
      .replaceAll(platformOf('debian-12').paths.mariadbData, this.data);
    const { stdout, stderr, status } = spawnSync('sh', ['-c', here], {
      encoding: 'utf8',
      env: { PATH: `${this.#bin}:${process.env['PATH'] ?? ''}`, LC_ALL: 'C' },
      timeout: 60_000,
    });
    return { stdout, stderr, exitCode: status ?? -1 };
  }

  observe(): MemberObservation {
    const platform = platformOf('debian-12');
    return parseMember(platform.units.mariadb, this.run(observeMember(platform, []).script));
  }

  /** The member as the decision classifies it. */
  member(): Member {
    const [member] = membersOf(
      [aHost('c1')],
      new Map([['c1', { reachable: true, observed: this.observe() }]]),
    );
    if (!member) throw new Error('there is no member');
    return member;
  }

  /** Commands sent to systemd and to the client, without queries to systemd. */
  done(): readonly string[] {
    const path = join(this.folder, 'done');
    const lines = existsSync(path) ? readFileSync(path, 'utf8').split('\n') : [];
    return lines.filter((line) => line !== '' && !/^systemctl (show|is-|-q is-)/.test(line));
  }
}
