import type { Host } from '../../inventory/types.ts';
import type { Operation } from '../../playbook/operation.ts';
import { quote } from '../shell.ts';
import { noteScript } from './made.ts';
import { held, observeHeld, type AskOptions, type NodeObservation } from './observe.ts';

/** The virtual host is there. One that osha makes is noted as its own. Asked of the node on `host`. */
export function vhost(host: Host, name: string, options: AskOptions): Operation<NodeObservation> {
  return {
    scope: 'host',
    runsOnce: true,
    title: `virtual host ${name}`,
    probe: observeHeld(`vhost ${name}`, options.platform, host, options.credentials),
    decide: ({ node }) =>
      node?.vhosts.includes(name)
        ? []
        : [
            {
              summary: `create virtual host ${name}`,
              script: `${noteScript({ kind: 'vhost', name })}\nrabbitmqctl -q add_vhost ${quote(name)}`,
              touches: [held(`vhost ${name}`)],
            },
          ],
  };
}
