import type { Host } from '../../src/inventory/types.ts';
import type { Session } from '../../src/transport/session.ts';
import { LocalHosts } from './local-hosts.ts';

/** Local hosts whose lock one session has at a time, until it is closed. */
export class LockingHosts extends LocalHosts {
  readonly #owners = new Map<string, { readonly owner: string; readonly session: Session }>();

  override async connect(host: Host): Promise<Session> {
    const session = await super.connect(host);
    const { name } = host;
    return {
      host,
      get roundTrips() {
        return session.roundTrips;
      },
      run: (script, options) => session.run(script, options),
      forward: (address, port) => session.forward(address, port),
      openAnother: (limits) => session.openAnother(limits),
      lock: async (owner) => {
        const held = this.#owners.get(name);
        if (held && held.session !== session) return { ok: false, holder: held.owner };
        this.#owners.set(name, { owner, session });
        return { ok: true };
      },
      joinLock: async (owner) => {
        const held = this.#owners.get(name);
        return held?.owner === owner ? { ok: true } : { ok: false, holder: held?.owner ?? 'no one' };
      },
      close: async () => {
        if (this.#owners.get(name)?.session === session) this.#owners.delete(name);
        await session.close();
      },
    };
  }
}
