import { createServer, type Server, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runLocally } from '../../src/drill/local-command.ts';
import { Observation } from '../../src/drill/observation.ts';
import { measured } from '../../src/drill/report.ts';
import type { DrillProof, DrillService } from '../../src/playbook/drill.ts';
import { aHost } from '../support/inventory.ts';
import { folderForTest } from '../support/temporary-folder.ts';
import { createLocalTransport } from '../transport/local.ts';

/** Servers on this machine, by name, with their ports. */
const servers = new Map<string, Server>();
const ports = new Map<string, number>();

function listen(name: string, serve: (socket: Socket) => void): Promise<void> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    serve(socket);
  });
  servers.set(name, server);
  return new Promise((ready) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      if (typeof address === 'object' && address) ports.set(name, address.port);
      ready();
    });
  });
}

beforeAll(async () => {
  await listen('greeting', (socket) => void socket.write('hello'));
  await listen('closing', (socket) => void socket.end());
  await listen('asked', (socket) => socket.on('data', (data) => socket.write(`you said ${String(data)}`)));
  await listen('page', (socket) => socket.on('data', () => socket.end('HTTP/1.1 404 Not Found\r\n\r\n')));
  await listen('no server', (socket) => socket.on('data', () => socket.end('HTTP/1.1 503 No\r\n\r\n')));
  await listen('gone', () => undefined);
  await new Promise((closed) => servers.get('gone')?.close(closed));
});

afterAll(() => {
  for (const server of servers.values()) server.close();
});

/** Observes this machine for a while. */
async function observe(start: (observation: Observation) => Promise<void>, ms: number): Promise<Observation> {
  const transport = createLocalTransport();
  const { signal } = new AbortController();
  const observation = new Observation({
    connect: (to) => transport.connect(to, { timeoutMs: 20_000, acceptNew: false }),
    everyMs: 50,
    signal,
  });
  try {
    await start(observation);
    await new Promise((over) => setTimeout(over, ms));
  } finally {
    await observation.stop();
    await transport.close();
  }
  return observation;
}

describe('the script that measures services', () => {
  const cases: readonly (readonly [string, DrillProof, boolean])[] = [
    ['greeting', { kind: 'bytes' }, true],
    ['greeting', { kind: 'connection' }, true],
    ['closing', { kind: 'bytes' }, false],
    ['closing', { kind: 'connection' }, true],
    ['asked', { kind: 'bytes', send: 'AMQP\0\0\t\x01' }, true],
    ['page', { kind: 'page', path: '/', tls: false }, true],
    ['no server', { kind: 'page', path: '/', tls: false }, false],
    ['gone', { kind: 'connection' }, false],
    ['gone', { kind: 'address' }, true],
  ];

  it('tells which services answer a client', async () => {
    const services = cases.map(([name, proof]): DrillService => ({
      name: `${name} ${proof.kind}`,
      address: '127.0.0.1',
      port: ports.get(name) ?? 0,
      proof,
    }));
    const { series, endings } = await observe((one) => one.watchServices(services, aHost('a')), 4000);
    expect(endings).toEqual([]);
    const answered = series.map(({ what, samples }) => [
      what,
      samples.length > 2 && samples.every((sample) => sample.answered),
    ]);
    expect(answered).toEqual(services.map(({ name }, at) => [name, cases[at]?.[2]]));
    expect(measured(series).every(({ samples }) => samples > 2)).toBe(true);
  });
});

describe('the script that writes', () => {
  it('passes the secret on stdin, numbers the entries and reports the acknowledged ones', async () => {
    const folder = folderForTest();
    const acknowledged: number[] = [];
    const write = {
      script: `read -r secret; [ "$secret" = hush ] && [ $(($2 % 2)) -eq 1 ] && echo "$1 $2" >>${folder}/entries`,
      input: 'hush\n',
    };
    const { series } = await observe(
      (one) => one.watchWrites({ what: 'lines', write }, aHost('a'), (number) => acknowledged.push(number)),
      3000,
    );
    const samples = series[0]?.samples ?? [];
    expect(samples.length).toBeGreaterThan(2);
    expect(samples.map(({ answered }) => answered)).toEqual(samples.map((_, at) => at % 2 === 0));
    expect(acknowledged).toEqual(samples.flatMap((_, at) => (at % 2 === 0 ? [at + 1] : [])));
  });

  it('counts a write that hangs as failed after the time limit', async () => {
    const { series } = await observe(
      (one) => one.watchWrites({ what: 'lines', write: { script: 'sleep 60' } }, aHost('a'), () => undefined),
      5000,
    );
    const [first] = series[0]?.samples ?? [];
    expect(first?.answered).toBe(false);
    expect(first?.tookMs).toBeGreaterThan(1900);
    expect(first?.tookMs).toBeLessThan(4000);
  });
});

describe('a command of this machine', () => {
  const options = { host: 'c1', cwd: '/', env: process.env, timeoutMs: 30_000 };

  it('gets the name of the host and shows what it prints', async () => {
    const lines: string[] = [];
    await runLocally('echo "off: $OSHA_HOST"; cat', { ...options, onLine: (line) => lines.push(line) });
    expect(lines).toEqual(['off: c1']);
  });

  it.each(['sleep 5 & echo on', 'setsid sleep 5 & echo on'])(
    'is over when it ends, without what it leaves in the background: %s',
    async (command) => {
      const lines: string[] = [];
      const began = performance.now();
      await runLocally(command, { ...options, onLine: (line) => lines.push(line) });
      expect(performance.now() - began).toBeLessThan(4000);
      expect(lines).toEqual(['on']);
    },
  );

  it.each([
    ['exit 3', 30_000, 'exit 3: exited with 3'],
    ['setsid sleep 5 & exit 3', 30_000, 'setsid sleep 5 & exit 3: exited with 3'],
    ['sleep 60', 200, 'sleep 60: timed out after 0.2 s and was killed'],
  ])('that fails (%s) is an error', async (command, timeoutMs, message) => {
    await expect(
      runLocally(command, { ...options, timeoutMs, onLine: () => undefined }),
    ).rejects.toMatchObject({ message });
  });
});
