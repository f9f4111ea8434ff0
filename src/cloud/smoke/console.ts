import { CloudError } from '../errors.ts';
import { type Round, until } from './round.ts';
import type { MadeServer } from './server.ts';

/** Last lines of a console that a failure shows. */
const TOLD = 5;

/** The address that a guest printed on its console: `undefined` before it has booted, `none` before DHCP has answered. */
export function guestSays(output: string, marker: string): string | undefined {
  return output
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line.includes(`${marker} address `))
    .at(-1)
    ?.replace(/^.* address /, '');
}

/** The reason of a kernel panic, or `undefined`. */
export function panicOf(output: string): string | undefined {
  // The line is repeated after the registers, as "end Kernel panic".
  return /(?<!end )Kernel panic - not syncing: (.*)/.exec(output)?.[1]?.trim();
}

/** Waits until the guest prints its marker and its DHCP address on the console. Returns what was observed. */
export async function readConsole(
  round: Round,
  server: MadeServer,
  { marker, withinMs }: { readonly marker: string; readonly withinMs: number },
): Promise<string> {
  let printed = '';
  try {
    return await until(round, {
      what: `the console shows ${marker} and its address`,
      withinMs,
      look: async (say) => {
        printed = await consoleOf(round, server.id);
        const panic = panicOf(printed);
        if (panic !== undefined) throw new CloudError(`kernel panic in the guest: ${panic}`);
        const address = guestSays(printed, marker);
        if (address === undefined) say('the guest has printed nothing yet');
        else if (address === 'none') say('the guest waits for an address by DHCP');
        else if (address !== server.address) say(`the guest has the address ${address}`);
        else return `the console shows ${marker}, and ${address} by DHCP`;
        return undefined;
      },
    });
  } catch (error) {
    if (!(error instanceof CloudError)) throw error;
    const tail = printed.trim().split('\n').slice(-TOLD).join('\n');
    const silent = tail === '' ? 'the console is empty' : `the console ends with:\n${tail}`;
    throw new CloudError(`${error.message}; ${silent}`, {
      ...(error.service === undefined ? {} : { service: error.service }),
      hint: hintFor(printed, marker),
    });
  }
}

function hintFor(printed: string, marker: string): string {
  if (panicOf(printed) !== undefined) {
    return 'the kernel is that of the host it came from, which runs it: does the hypervisor of the compute host emulate what it needs? Run the test again to see whether it always panics';
  }
  return guestSays(printed, marker) === undefined
    ? 'does the virtual machine run? On the compute host: virsh list, and virt_type of nova-compute.conf'
    : 'does a DHCP agent serve the network (openstack network agent list), and does VXLAN work between the hosts?';
}

/** The console's output; empty while there is none. */
async function consoleOf({ api }: Round, server: string): Promise<string> {
  const answer = await api.send('compute', {
    method: 'POST',
    path: `/servers/${server}/action`,
    body: { 'os-getConsoleOutput': { length: 200 } },
    // It only reads.
    repeat: 'safe',
    accept: [404, 409],
  });
  return (answer as { readonly output?: string } | undefined)?.output ?? '';
}
