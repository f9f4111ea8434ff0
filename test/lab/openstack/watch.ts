import { ask, login, QUESTIONS, SERVICES, type Service } from './cloud.ts';

/** Milliseconds between probes of one target. */
const PAUSE_MS = 250;

export interface Watch {
  /** Stops watching. Returns the longest time without a successful probe, in milliseconds, for each target. */
  stop(): Promise<ReadonlyMap<string, number>>;
  /** The longest time so far for one target. */
  silenceMs(name: string): number;
}

/** Probes several targets repeatedly and independently; a probe that throws has failed. */
export function watch(looks: Readonly<Record<string, () => Promise<unknown>>>): Watch {
  let going = true;
  const longest = new Map<string, number>();
  const last = new Map<string, number>();
  const note = (name: string): void => {
    const since = Date.now() - (last.get(name) ?? Date.now());
    longest.set(name, Math.max(longest.get(name) ?? 0, since));
  };
  const loops = Object.entries(looks).map(async ([name, look]) => {
    last.set(name, Date.now());
    while (going) {
      try {
        await look();
        note(name);
        last.set(name, Date.now());
      } catch {
        // A failure counts by the time until the next success.
      }
      await new Promise((again) => setTimeout(again, PAUSE_MS));
    }
    note(name);
  });
  return {
    stop: async () => {
      going = false;
      await Promise.all(loops);
      return longest;
    },
    silenceMs: (name) => Date.now() - (last.get(name) ?? 0),
  };
}

/** Probes of every API at the virtual IP, with a token from each login. */
export function everyApi(token: string): Readonly<Record<Service, () => Promise<unknown>>> {
  let known = token;
  const looks = SERVICES.map((name) => {
    const look = async (): Promise<unknown> =>
      name === 'keystone' ? (known = await login()) : ask(QUESTIONS[name], known);
    return [name, look] as const;
  });
  return Object.fromEntries(looks) as Record<Service, () => Promise<unknown>>;
}
