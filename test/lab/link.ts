import { imageOf } from './images.ts';
import { docker, mustDocker, runIn } from './engine.ts';
import { must, run } from './run.ts';

/**
 * The machine's ends of a host's network cables (veths), like `veth12ab34c`; empty if the host is not running. Cables are
 * cut at these ends: the host only loses its carrier, and reconnecting restores everything.
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

/** Pulls cables or plugs them back in. */
export async function setCables(links: readonly string[], state: 'up' | 'down'): Promise<void> {
  if (links.length === 0) return;
  await onMachine(links.map((link) => `ip link set dev ${link} ${state}`).join('\n'));
}

/** Whether all of a host's cables are plugged in. */
export async function hasCarrier(container: string): Promise<boolean> {
  const carriers = (await runIn(container, 'cat /sys/class/net/eth*/carrier')).stdout.trim().split('\n');
  return carriers.every((carrier) => carrier === '1');
}

/** Removes cables left behind by a host that was stopped hard. */
export async function removeCables(links: readonly string[]): Promise<void> {
  if (links.length === 0) return;
  // The kernel removes them too, but later.
  await onMachine(`sleep 0.3
  for link in ${links.join(' ')}; do
    if [ -e /sys/class/net/$link ]; then ip link delete dev $link || true; fi
  done`);
}

/** The machine's ends of all cables in a Docker network. */
export async function cablesIn(network: string): Promise<string[]> {
  const found = await docker(['network', 'inspect', '--format', '{{.Id}}', network]);
  if (found.exitCode !== 0) return [];
  const bridge = `br-${found.stdout.trim().slice(0, 12)}`;
  return (await onMachine(`ls /sys/class/net/${bridge}/brif 2>/dev/null || true`))
    .split('\n')
    .filter((link) => link !== '');
}

/** The route of this machine that already covers `subnet` (a /24), if any. */
export async function subnetTaken(subnet: string): Promise<string | undefined> {
  const prefix = subnet.split('.').slice(0, 3).join('.');
  const routes = (await run('ip', ['-4', 'route', 'show', 'match', `${prefix}.2`])).stdout.split('\n');
  const inside = (await run('ip', ['-4', 'route', 'show', 'root', subnet])).stdout.split('\n');
  return [...routes, ...inside].find((route) => route !== '' && !route.startsWith('default'));
}

/** Runs a shell script in the engine's host network; returns its stdout. */
async function onMachine(script: string): Promise<string> {
  if (process.platform === 'linux' && process.getuid?.() === 0) return must('sh', ['-c', script]);
  // Without root, or with the engine in a VM: in a short-lived container on the host network.
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
