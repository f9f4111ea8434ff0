import { type Host, within } from 'osha';
import { CLIENT_PORT, clientUrlOf } from '../layout.ts';
import { idOf, type Identity } from './identity.ts';

/** An entry of the cluster's member list. */
export interface ListedMember {
  readonly id: string;
  /** Empty if it was added but never started. */
  readonly name: string;
  readonly peerUrls: readonly string[];
}

/** A member's own report on itself and its cluster. */
export interface MemberStatus extends Identity {
  readonly version: string;
  /** Id of the leader; absent if it knows none. */
  readonly leader?: string;
  readonly term: number;
  readonly index: number;
  readonly sizeBytes: number;
  /** Alarms, such as an exhausted quota. */
  readonly errors: readonly string[];
  readonly listed: readonly ListedMember[];
  /** It answered at the host's own address, after agreeing with a majority. */
  readonly healthy: boolean;
}

/**
 * Why a query got no etcd answer: the connection was refused, it timed out, or the response is not etcd's, as from a
 * proxy or from a member that wants TLS.
 */
export interface Silence {
  readonly kind: 'refused' | 'timeout' | 'unintelligible';
  readonly words: string;
}

type MemberAnswer =
  | { readonly status: MemberStatus; readonly silence?: never }
  | { readonly silence: Silence; readonly status?: never };

/** Exit codes of curl, from its manual. */
const COULD_NOT_CONNECT = '7';
const TIMED_OUT = '28';

/**
 * curl command that reaches etcd directly, whatever `.curlrc` and the environment say about proxies. `-q` works only as
 * the first option.
 */
export const CURL = `curl -q -s --noproxy '*' -m ${within('etcdAnswers')}`;

/** First word of the line after each response. */
const END = 'answered';

/**
 * Script that queries a member over HTTP, which returns ids as strings: the JSON of `etcdctl` has numbers above 2^53,
 * which JavaScript would round. Stops at the first request that fails.
 */
export function queryScript(host: Host): string {
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

/** Parses what `queryScript` printed after `asked`. etcd omits fields that are zero or empty from its JSON. */
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
  if (answer.exitCode === TIMED_OUT) return { kind: 'timeout', words: 'timed out' };
  if (answer.exitCode !== '0') return { kind: 'unintelligible', words: answer.error || 'connection lost' };
  const said = answer.body.split('\n')[0]?.slice(0, 80) ?? '';
  return {
    kind: 'unintelligible',
    words: `not an etcd response: HTTP ${answer.httpStatus}: ${said || '(empty)'}`,
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
