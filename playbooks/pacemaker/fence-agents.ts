import { type Operation, packages, ProbeError, quoteAll } from 'osha';

export interface AgentsState {
  readonly missing: readonly string[];
  readonly packages: packages.PackagesState;
}

const SEPARATOR = '-- packages';

/** The fence agents are installed, from the packages `names` unless they exist already. */
export function fenceAgents(agents: readonly string[], names: readonly string[]): Operation<AgentsState> {
  const inner = packages.installed(names);
  return {
    scope: 'host',
    title: agents.join(', '),
    probe: {
      script: `for agent in ${quoteAll(agents)}; do
  [ -x "/usr/sbin/$agent" ] || echo "missing $agent"
done
echo '${SEPARATOR}'
(${inner.probe.script}
)`,
      reads: inner.probe.reads,
      parse: (answer) => {
        const [missing = '', rest = ''] = answer.stdout.split(`${SEPARATOR}\n`);
        return {
          missing: [...missing.matchAll(/^missing (.+)$/gm)].map((match) => match[1] ?? ''),
          packages: inner.probe.parse({ ...answer, stdout: rest }),
        };
      },
    },
    decide: ({ missing, packages }) => {
      if (missing.length === 0) return [];
      const changes = inner.decide(packages);
      if (changes.length > 0) return changes;
      throw new ProbeError(
        `no fence agent ${missing.join(', ')} in /usr/sbin, and the package ${names.join(', ')} does not provide it`,
      );
    },
  };
}
