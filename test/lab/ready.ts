import { WHAT_A_HOST_SAYS } from './complaints.ts';
import { containerOf } from './compose.ts';
import { docker, runIn } from './engine.ts';
import type { LabHost, LabInventory } from './inventory.ts';
import { sshArguments } from './keys.ts';
import { seconds, type Log } from './progress.ts';
import { LabError, run, sleep } from './run.ts';

/** A controller of OpenStack takes up to a minute and a half on two cores while others are busy. */
const LIMIT_MS = 240_000;

/** Waits until a host's systemd has finished booting and its sshd lets the lab's key in; says when, and which units failed. */
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

/** The engine decides on the order of interfaces; an inventory relies on it. A bridge has the address of what it is made of. */
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
    'Take the lab away and bring it up again; if that does not help, this Docker orders networks in another way.',
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
      throw new LabError(`${host.name} does not let the lab's key in: ${stderr.trim()}`);
    }
    await sleep(200);
  }
}
