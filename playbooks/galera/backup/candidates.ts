import type { Answers, Evidence, Host, Platform, Probe } from 'osha';
import { guards } from '../cluster/shell-functions.ts';
import { membersOf, type Member } from '../cluster/members.ts';
import { observeMember, type MemberObservation } from '../cluster/observe.ts';
import { CLIENTS, RESTORE_FACTS, VERSIONS } from './scripts.ts';

/** What backups and restores need to know of a member, besides what the cluster needs. */
export interface BackupObservation extends MemberObservation {
  /** Whether the tools of backups are installed. */
  readonly hasTools: boolean;
  /** Version of the installed server, such as 10.11.11. */
  readonly version: string;
  /** Connections of clients over the network; -1 if unknown. */
  readonly clients: number;
  /** Why its data cannot be moved aside. */
  readonly fixed?: 'several' | 'mounted' | undefined;
  /** The backup whose data is prepared next to the data directory. */
  readonly prepared: string;
  /** The backup that its data is from. */
  readonly placed: string;
  /** Free bytes next to the data directory. */
  readonly roomBytes: number;
}

/** A member, with what is known about it; `facts` is absent if it cannot be reached. */
export interface Candidate {
  readonly member: Member;
  readonly facts?: BackupObservation | undefined;
}

/** A member that answered. */
export interface Answered {
  readonly member: Exclude<Member, { kind: 'unreachable' }>;
  readonly facts: BackupObservation;
}

export function isAnswered(candidate: Candidate): candidate is Answered {
  return candidate.facts !== undefined && candidate.member.kind !== 'unreachable';
}

export function observeCandidate(
  platform: Platform,
  configFiles: readonly string[],
): Probe<BackupObservation> {
  const member = observeMember(platform, configFiles);
  return {
    reads: member.reads,
    script: `(
${member.script}
)
(
${VERSIONS}
${guards(platform.units.mariadb, platform.paths.mariadbData)}
pids=$(server_pids)
follow
clients=$(ask_server "${CLIENTS}") && echo "backup.clients=$clients"
${RESTORE_FACTS}
)
exit 0`,
    parse: (answer) => {
      const values = new Map(
        [...answer.stdout.matchAll(/^backup\.(\w+)=(.*)$/gm)].map(([, name = '', value = '']) => [
          name,
          value,
        ]),
      );
      const layout = values.get('layout');
      return {
        ...member.parse(answer),
        hasTools: values.get('tool') === 'yes',
        version: values.get('version') ?? '',
        clients: Number(values.get('clients') ?? -1),
        fixed: layout === 'several' || layout === 'mounted' ? layout : undefined,
        prepared: values.get('prepared') ?? '',
        placed: values.get('placed') ?? '',
        roomBytes: Number(values.get('room') ?? 0) * 1024,
      };
    },
  };
}

export function candidatesOf(
  hosts: readonly Host[],
  answers: Answers<BackupObservation>,
): readonly Candidate[] {
  return membersOf(hosts, answers).map((member) => {
    const answer = answers.get(member.name);
    return { member, facts: answer?.reachable ? answer.observed : undefined };
  });
}

/** Major version: MariaDB reads the files of its own alone. */
export function seriesOf(version: string): string {
  return /^\d+\.\d+/.exec(version)?.[0] ?? version;
}

/** Whether one series is newer than another one. */
export function isNewer(one: string, other: string): boolean {
  const [major = 0, minor = 0] = seriesOf(one).split('.').map(Number);
  const [otherMajor = 0, otherMinor = 0] = seriesOf(other).split('.').map(Number);
  return major > otherMajor || (major === otherMajor && minor > otherMinor);
}

/** The evidence behind the choice of a member. */
export function clientsOf(candidates: readonly Candidate[]): Evidence {
  return {
    columns: ['member', 'state', 'clients'],
    rows: candidates.map(({ member, facts }) => [
      member.name,
      stateOf(member),
      facts && facts.clients >= 0 ? String(facts.clients) : '-',
    ]),
  };
}

function stateOf(member: Member): string {
  if (member.kind === 'unreachable') return `unreachable: ${member.reason}`;
  const { server } = member.observed;
  return server ? `${server.component}, ${server.state}` : member.kind;
}
