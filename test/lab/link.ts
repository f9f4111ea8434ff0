import { imageOf } from './images.ts';
import { docker, mustDocker, runIn } from './engine.ts';
import { must, run } from './run.ts';

/**
 * The machine's ends of a host's network cables (veths), like `veth12ab34c`. Empty where the host is not running.
 * Cutting is done at these ends: within the host nothing is touched, it only loses its carrier, and healing is exact.
 */
export async function cablesOf(container: string): Promise<readonly string[]> {
  const indices = (await runIn(container, 'cat /sys/class/net/eth*/iflink')).stdout;
  const wanted = indices.split('\n').filter((index) => /^\d+$/.test(index));
  if (wanted.length === 0) return [];
  const script = `for link in /sys/class/net/*; do
    case ' ${wanted.join(' ')} ' in *" $(cat $link/ifindex) "*) echo "\${link##*/}" ;; esac
  done`;
  return (await onMachine(script)).split('\n').filter((link) => link !== '');
}

/** Pulls cables or plugs them in again. */
export async function setCables(links: readonly string[], state: 'up' | 'down'): Promise<void> {
  if (links.length === 0) return;
  await onMachine(links.map((link) => `ip link set dev ${link} ${state}`).join('\n'));
}

/** False where one of a host's cables is pulled. */
export async function hasCarrier(container: string): Promise<boolean> {
  const carriers = (await runIn(container, 'cat /sys/class/net/eth*/carrier')).stdout.trim().split('\n');
  return carriers.every((carrier) => carrier === '1');
}

/** Removes cables that a host which was stopped hard has left behind. */
export async function removeCables(links: readonly string[]): Promise<void> {
  if (links.length === 0) return;
  // The kernel takes a moment to remove them by itself.
  await onMachine(`sleep 0.3
  for link in ${links.join(' ')}; do
    if [ -e /sys/class/net/$link ]; then ip link delete dev $link || true; fi
  done`);
}

/** The machine's ends of all cables in a network of Docker's. */
export async function cablesIn(network: string): Promise<string[]> {
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
