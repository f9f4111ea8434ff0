import { imageOf } from './images.ts';
import { docker, mustDocker } from './engine.ts';
import { LabError, must, run } from './run.ts';

/**
 * The machine's end of a host's network cable (a veth), like `veth12ab34c`. Undefined where the host is not running.
 * Cutting is done at this end: within the host nothing is touched, it only loses its carrier, and healing is exact.
 */
export async function linkOf(container: string): Promise<string | undefined> {
  const index = (await docker(['exec', container, 'cat', '/sys/class/net/eth0/iflink'])).stdout.trim();
  if (!/^\d+$/.test(index)) return undefined;
  const script = `for link in /sys/class/net/*; do [ "$(cat $link/ifindex)" = ${index} ] && echo "\${link##*/}"; done; true`;
  return (await onMachine(script)).trim() || undefined;
}

/** Pulls a host's cable or plugs it in again. */
export async function setLink(container: string, state: 'up' | 'down'): Promise<void> {
  const link = await linkOf(container);
  if (link === undefined) throw new LabError(`${container} is not running`, 'See `npm run lab -- status`.');
  await onMachine(`ip link set dev ${link} ${state}`);
}

/** False where a host's cable is pulled. */
export async function hasCarrier(container: string): Promise<boolean> {
  return (await docker(['exec', container, 'cat', '/sys/class/net/eth0/carrier'])).stdout.trim() === '1';
}

/** Removes a cable that a host which was stopped hard has left behind. */
export async function removeLink(link: string): Promise<void> {
  // The kernel takes a moment to remove it by itself.
  await onMachine(`sleep 0.3; if [ -e /sys/class/net/${link} ]; then ip link delete dev ${link} || true; fi`);
}

/** The machine's ends of all cables in a network of Docker's. */
export async function linksOf(network: string): Promise<string[]> {
  const found = await docker(['network', 'inspect', '--format', '{{.Id}}', network]);
  if (found.exitCode !== 0) return [];
  const bridge = `br-${found.stdout.trim().slice(0, 12)}`;
  return (await onMachine(`ls /sys/class/net/${bridge}/brif 2>/dev/null || true`))
    .split('\n')
    .filter((link) => link !== '');
}

/** True where another network of this machine already has addresses of `subnet` (a /24). */
export async function subnetTaken(subnet: string): Promise<string | undefined> {
  const prefix = subnet.split('.').slice(0, 3).join('.');
  const routes = (await run('ip', ['-4', 'route', 'show', 'match', `${prefix}.2`])).stdout.split('\n');
  const inside = (await run('ip', ['-4', 'route', 'show', 'root', subnet])).stdout.split('\n');
  return [...routes, ...inside].find((route) => route !== '' && !route.startsWith('default'));
}

/** Runs a shell script in the network of the machine that the engine is on; returns its stdout. */
async function onMachine(script: string): Promise<string> {
  if (process.platform === 'linux' && process.getuid?.() === 0) return must('sh', ['-c', script]);
  // Without root, or with the engine in a virtual machine: a short-lived container on the engine's own network.
  const image =
    (await docker(['image', 'inspect', imageOf('bare')])).exitCode === 0 ? imageOf('bare') : imageOf('baked');
  const args = [
    'run',
    '--rm',
    '--network=host',
    '--cap-add=NET_ADMIN',
    '--entrypoint=sh',
    image,
    '-c',
    script,
  ];
  return mustDocker(args);
}
