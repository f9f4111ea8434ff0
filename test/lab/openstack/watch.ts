import { ask, login, QUESTIONS, SERVICES, type Service } from './cloud.ts';

/** Milliseconds between two looks at the same thing. */
const PAUSE_MS = 250;

export interface Watch {
  /** Ends it. Returns, for each thing that was looked at, the longest time in milliseconds in which no look succeeded. */
  stop(): Promise<ReadonlyMap<string, number>>;
  /** The same so far, of one of them. */
  silenceMs(name: string): number;
}

/** Looks at several things over and over, each by itself; a look that throws did not succeed. */
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
        // It is counted by the time until the next look that succeeds.
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

/** Every API at the virtual IP, with a token that is renewed by each login. */
export function everyApi(token: string): Readonly<Record<Service, () => Promise<unknown>>> {
  let known = token;
  const looks = SERVICES.map((name) => {
    const look = async (): Promise<unknown> =>
      name === 'keystone' ? (known = await login()) : ask(QUESTIONS[name], known);
    return [name, look] as const;
  });
  return Object.fromEntries(looks) as Record<Service, () => Promise<unknown>>;
}
