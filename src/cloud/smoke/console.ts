import { CloudError } from '../errors.ts';
import type { Round } from './round.ts';
import type { MadeServer } from './server.ts';
import { until } from './until.ts';

/** The last lines of a console that are told where it does not say what it should. */
const TOLD = 5;

/** What a guest has said about itself: nothing yet, or its address, which is `none` before DHCP has answered. */
export function guestSays(output: string, marker: string): string | undefined {
  return output
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line.includes(`${marker} address `))
    .at(-1)
    ?.replace(/^.* address /, '');
}

/** Why a guest's kernel has given up; undefined where it has not. */
export function panicOf(output: string): string | undefined {
  // The same stands again behind "end", below the registers.
  return /(?<!end )Kernel panic - not syncing: (.*)/.exec(output)?.[1]?.trim();
}

/** Waits until the guest says on its console its marker and the address that DHCP gave it. Returns what was seen. */
export async function readConsole(
  round: Round,
  server: MadeServer,
  { marker, withinMs }: { readonly marker: string; readonly withinMs: number },
): Promise<string> {
  let printed = '';
  try {
    return await until(round, {
      what: `the console says ${marker} and its address`,
      withinMs,
      look: async (say) => {
        printed = await consoleOf(round, server.id);
        const panic = panicOf(printed);
        if (panic !== undefined) throw new CloudError(`the guest's kernel gives up: ${panic}`);
        const address = guestSays(printed, marker);
        if (address === undefined) say('the guest has said nothing yet');
        else if (address === 'none') say('the guest waits for an address by DHCP');
        else if (address !== server.address) say(`the guest has the address ${address}`);
        else return `the console says ${marker}, and ${address} by DHCP`;
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
    return 'its kernel is that of the host that made it, and runs there: does the hypervisor of the compute host emulate what it needs? Once more tells whether it is always so';
  }
  return guestSays(printed, marker) === undefined
    ? 'does the virtual machine run? On the compute host: virsh list, and virt_type of nova-compute.conf'
    : 'does a DHCP agent serve the network (openstack network agent list), and does VXLAN work between the hosts?';
}

/** What the console has shown; nothing while there is none yet. */
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
