import { type Host, within } from 'osha';
import { CLIENT_PORT, clientUrlOf } from '../layout.ts';
import { idOf, type Identity } from './wal.ts';

/** A member as the cluster lists it. */
export interface ListedMember {
  readonly id: string;
  /** Empty where it was added and never started. */
  readonly name: string;
  readonly peerUrls: readonly string[];
}

/** What a member that answers says of itself and of its cluster. */
export interface MemberStatus extends Identity {
  readonly version: string;
  /** The id of the leader; absent where it knows of none. */
  readonly leader?: string;
  readonly term: number;
  readonly index: number;
  readonly sizeBytes: number;
  /** Such as an alarm that the quota is used up. */
  readonly errors: readonly string[];
  readonly listed: readonly ListedMember[];
  /** It answered a client at the host's own address, and agreed with a majority for it. */
  readonly healthy: boolean;
}

/**
 * Why a member that was asked gave no answer of etcd's: nothing took the connection, nothing came in time, or something
 * came that is not etcd's, as from a proxy or from a member that wants TLS.
 */
export interface Silence {
  readonly kind: 'refused' | 'timeout' | 'unintelligible';
  readonly words: string;
}

export type MemberAnswer =
  | { readonly status: MemberStatus; readonly silence?: never }
  | { readonly silence: Silence; readonly status?: never };

/** curl's exit codes, as its manual has them. */
const COULD_NOT_CONNECT = '7';
const TIMED_OUT = '28';

/**
 * curl for a question to etcd itself, whatever its user's `.curlrc` and the environment say of proxies. `-q` counts only
 * as the first option.
 */
export const CURL = `curl -q -s --noproxy '*' -m ${within('etcdAnswers')}`;

/** Stands in a line of its own behind each answer. */
const END = 'answered';

/**
 * Asks over HTTP, because that prints ids as texts: the JSON of `etcdctl` has numbers above 2^53, which JavaScript would
 * round. Ends with the first question that gets no answer.
 */
export function askScript(host: Host): string {
  const api = `http://127.0.0.1:${CLIENT_PORT}`;
  const wrapped = `-w '\\n${END} %{exitcode} %{http_code} %{errormsg}\\n'`;
  const again = `--next -s --noproxy '*' -m ${within('etcdAnswers')} ${wrapped}`;
  return `echo asked
${CURL} --fail-early ${wrapped} -d '{}' ${api}/v3/maintenance/status \\
  ${again} -d '{}' ${api}/v3/cluster/member/list \\
  ${again} ${clientUrlOf(host)}/health`;
}

interface Header {
  readonly cluster_id?: string;
  readonly member_id?: string;
}

interface StatusResponse {
  readonly header?: Header;
  readonly version?: string;
  readonly leader?: string;
  readonly raftTerm?: string;
  readonly raftIndex?: string;
  readonly dbSize?: string;
  readonly errors?: readonly string[];
}

interface ListResponse {
  readonly members?: readonly {
    readonly ID?: string;
    readonly name?: string;
    readonly peerURLs?: readonly string[];
  }[];
}

interface HttpAnswer {
  readonly body: string;
  readonly exitCode: string;
  readonly httpStatus: string;
  readonly error: string;
}

/** Understands what `askScript` printed behind `asked`. Fields that are zero or empty are left out of etcd's JSON. */
export function memberAnswerOf(lines: readonly string[]): MemberAnswer {
  const [first, second, third] = httpAnswersOf(lines);
  const status = first && objectOf<StatusResponse>(first.body);
  const cluster = status?.header?.cluster_id;
  const member = status?.header?.member_id;
  if (!status || cluster === undefined || member === undefined) return { silence: silenceOf(first) };
  const list = second && objectOf<ListResponse>(second.body);
  if (!list?.members) return { silence: silenceOf(second) };
  const { leader = '0' } = status;
  return {
    status: {
      cluster: idOf(BigInt(cluster)),
      member: idOf(BigInt(member)),
      version: status.version ?? '',
      ...(leader === '0' ? {} : { leader: idOf(BigInt(leader)) }),
      term: Number(status.raftTerm ?? 0),
      index: Number(status.raftIndex ?? 0),
      sizeBytes: Number(status.dbSize ?? 0),
      errors: status.errors ?? [],
      listed: list.members.map(({ ID = '0', name = '', peerURLs = [] }) => ({
        id: idOf(BigInt(ID)),
        name,
        peerUrls: peerURLs,
      })),
      healthy: objectOf<{ readonly health?: string }>(third?.body ?? '')?.health === 'true',
    },
  };
}

function httpAnswersOf(lines: readonly string[]): readonly HttpAnswer[] {
  const answers: HttpAnswer[] = [];
  let body: string[] = [];
  for (const line of lines) {
    const end = /^answered (\d+) (\d+) ?(.*)$/.exec(line);
    if (end) {
      const [, exitCode = '', httpStatus = '', error = ''] = end;
      answers.push({ body: body.join('\n').trim(), exitCode, httpStatus, error });
      body = [];
    } else body.push(line);
  }
  return answers;
}

function silenceOf(answer: HttpAnswer | undefined): Silence {
  if (!answer) return { kind: 'timeout', words: 'no answer' };
  if (answer.exitCode === COULD_NOT_CONNECT) return { kind: 'refused', words: 'connection refused' };
  if (answer.exitCode === TIMED_OUT) return { kind: 'timeout', words: 'no answer in time' };
  if (answer.exitCode !== '0')
    return { kind: 'unintelligible', words: answer.error || 'the connection broke' };
  const said = answer.body.split('\n')[0]?.slice(0, 80) ?? '';
  return {
    kind: 'unintelligible',
    words: `HTTP ${answer.httpStatus} instead of etcd's answer: ${said || 'nothing'}`,
  };
}

function objectOf<Shape>(json: string): Shape | undefined {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === 'object' && value !== null ? (value as Shape) : undefined;
  } catch {
    return undefined;
  }
}
