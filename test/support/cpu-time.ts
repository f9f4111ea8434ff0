/**
 * Milliseconds of this process's processors that `work` takes. For claims on how a time grows: on the clock, a busy machine
 * makes anything slow.
 */
export function cpuTimeMs(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}
