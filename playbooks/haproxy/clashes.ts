import type { ClusterOperation, Frontend, Host } from 'osha';

/** Frontends that cannot stand side by side: two of one name, or on one port of one virtual IP. In words. */
export function clashes(frontends: readonly Frontend[]): readonly string[] {
  return frontends.flatMap((frontend, index) => {
    const before = frontends.slice(0, index);
    if (before.some((other) => other.name === frontend.name)) {
      return [`two frontends are called ${frontend.name}`];
    }
    const twin = before.find((other) => other.port === frontend.port && other.vip === frontend.vip);
    return twin
      ? [`${twin.name} and ${frontend.name} both want port ${frontend.port} of ${frontend.vip}`]
      : [];
  });
}

/** Refuses, and asks nothing: the frontends of playbooks are only known when all of them are planned. */
export function refuseClashes(hosts: readonly Host[], found: readonly string[]): ClusterOperation<undefined> {
  return {
    scope: 'cluster',
    title: 'no two frontends in one place',
    members: hosts,
    probe: () => ({ script: ':', reads: [], parse: () => undefined }),
    decide: () => ({
      verdict: 'refuse',
      reason: found.join('; '),
      hint: 'give the frontends of the inventory (haproxy: frontends) other names and ports',
    }),
  };
}
