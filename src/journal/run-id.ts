import { randomBytes } from 'node:crypto';

/** How a run's name looks: when it began, in UTC so that names sort by time everywhere, and four random digits. */
const RUN_ID = /^\d{8}-\d{6}-[0-9a-f]{4}$/;

/** A new run's name: `20261121-142233-ab12`. */
export function newRunId(now: Date): string {
  const [day = '', time = ''] = now.toISOString().split('T');
  return `${day.replaceAll('-', '')}-${time.slice(0, 8).replaceAll(':', '')}-${randomBytes(2).toString('hex')}`;
}

export function isRunId(name: string): boolean {
  return RUN_ID.test(name);
}
