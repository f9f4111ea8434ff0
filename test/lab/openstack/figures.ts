import { table } from '../support/table.ts';

/** Measurements of the cloud. Times are in milliseconds; missing ones are absent. */
export interface Figures {
  deployMs?: number;
  rerunMs?: number;
  smokeMs?: number;
  /** By host. */
  readonly memoryMib: Map<string, number>;
  /** How long each service did not answer, by lost controller. */
  readonly losses: Map<string, ReadonlyMap<string, number>>;
}

export function noFigures(): Figures {
  return { memoryMib: new Map(), losses: new Map() };
}

/** The tables of all figures, as Markdown. */
export function figuresTables({ deployMs, rerunMs, smokeMs, memoryMib, losses }: Figures): string {
  const lost = [...losses.keys()];
  const services = [...new Set([...losses.values()].flatMap((silences) => [...silences.keys()]))];
  const times = table(
    ['service', ...lost.map((host) => `without ${host}`)],
    services.map((service) => [service, ...lost.map((host) => inSeconds(losses.get(host)?.get(service), 1))]),
  );
  const whole = table(
    ['what', 'figure'],
    [
      ['deploy', inSeconds(deployMs, 0)],
      ['deploy again', inSeconds(rerunMs, 1)],
      ['smoke', inSeconds(smokeMs, 0)],
      ...[...memoryMib].map(([host, mib]) => [`memory of ${host}`, `${mib} MiB`]),
    ],
  );
  return services.length === 0 ? whole : `${whole}\n\nNo answer for at most\n\n${times}`;
}

function inSeconds(ms: number | undefined, digits: number): string {
  return ms === undefined ? '-' : `${(ms / 1000).toFixed(digits)} s`;
}
