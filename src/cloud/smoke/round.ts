import type { Api } from '../api.ts';
import type { Cloud } from '../cloud.ts';
import type { Dial } from '../dial.ts';
import type { Hosts } from '../hosts.ts';
import type { Pause } from '../../transport/timers.ts';
import { create, type Begun } from './create.ts';
import type { KindName } from './kinds.ts';
import { nameOf } from './names.ts';

/** What the parts of one round work with. */
export interface Round {
  readonly cloud: Cloud;
  readonly api: Api;
  readonly hosts: Hosts;
  /** How this machine connects. */
  readonly direct: Dial;
  readonly run: string;
  readonly begun: Begun;
  readonly signal: AbortSignal;
  readonly pause: Pause;
  /** What is being waited for now. */
  readonly progress: (text: string) => void;
  /** What is no failure and better known. */
  readonly remark: (text: string) => void;
}

/** Makes a thing of this round, and returns its id. `body` gets its name. */
export function make(
  round: Round,
  kind: KindName,
  what: string,
  request: { readonly path: string; readonly key?: string; readonly body: (name: string) => object },
): Promise<string> {
  const name = nameOf(round.run, what);
  return create(round.api, round.begun, kind, name, {
    path: request.path,
    body: request.body(name),
    ...(request.key === undefined ? {} : { key: request.key }),
  });
}
