import { WHAT_A_HOST_SAYS } from './complaints.ts';
import { containerOf } from './compose.ts';
import { docker, runIn } from './engine.ts';
import type { LabHost, LabInventory } from './inventory.ts';
import { sshArguments } from './keys.ts';
import { seconds, type Log } from './progress.ts';
import { LabError, run, sleep } from './run.ts';

/** An OpenStack controller takes up to 90 s to boot on two busy cores. */
const LIMIT_MS = 240_000;

/** Waits until a host has booted and accepts the lab's key; logs the time, and failed units. */
export async function waitReady(inventory: LabInventory, host: LabHost, log: Log): Promise<void> {
  const began = Date.now();
  const container = containerOf(inventory, host.name);
  const state = await untilBooted(container, began);
  await checkInterfaces(container, host);
  await untilLogin(host, began);
  log(
    `  ${host.name} (${host.address}) ready after ${seconds(began)}${state === 'running' ? '' : `, ${state}`}`,
  );
  if (state === 'degraded') {
    const failed = await docker(['exec', container, 'systemctl', '--failed', '--no-legend', '--plain']);
    for (const unit of failed.stdout.trim().split('\n')) log(`    failed: ${unit}`);
  }
}

/** Checks the order of interfaces, which the engine decides. A bridge carries the address of its interface. */
async function checkInterfaces(container: string, host: LabHost): Promise<void> {
  const [{ stdout }, { stdout: links }] = await Promise.all([
    docker(['exec', container, 'ip', '-o', '-4', 'addr']),
    docker(['exec', container, 'ip', '-o', 'link']),
  ]);
  const wrong = host.interfaces.filter(({ device, address }) => {
    const bridge = new RegExp(`: ${device}@.* master (\\S+) `).exec(links)?.[1] ?? device;
    return ![device, bridge].some((name) => new RegExp(`: ${name} +inet ${address}/`).test(stdout));
  });
  if (wrong.length === 0) return;
  throw new LabError(
    `${host.name} should have ${wrong.map(({ device, address }) => `${address} on ${device}`).join(', ')}, but has:\n${stdout}`,
    'Remove the lab and bring it up again; if that does not help, this Docker version orders networks differently.',
  );
}

async function untilBooted(container: string, began: number): Promise<string> {
  for (;;) {
    const args = ['exec', container, 'systemctl', 'is-system-running', '--wait'];
    const { stdout, stderr } = await docker(args, { timeoutMs: LIMIT_MS });
    const state = stdout.trim();
    if (state === 'running' || state === 'degraded') return state;
    if (Date.now() - began > LIMIT_MS) {
      throw new LabError(
        `${container} has not booted after ${seconds(began)}: ${state} ${stderr.trim()}\n${await complaintsOf(container)}`,
        `See \`docker logs ${container}\`.`,
      );
    }
    await sleep(200);
  }
}

async function complaintsOf(container: string): Promise<string> {
  const { stdout, stderr } = await runIn(container, WHAT_A_HOST_SAYS, { timeoutMs: 60_000 });
  return `${stdout}${stderr}`;
}

async function untilLogin(host: LabHost, began: number): Promise<void> {
  for (;;) {
    const { exitCode, stderr } = await run('ssh', [...sshArguments(host.address), 'sudo -n true'], {
      timeoutMs: 10_000,
    });
    if (exitCode === 0) return;
    if (Date.now() - began > LIMIT_MS) {
      throw new LabError(`${host.name} rejects the lab's key: ${stderr.trim()}`);
    }
    await sleep(200);
  }
}
