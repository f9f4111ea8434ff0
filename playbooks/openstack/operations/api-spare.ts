import { type Answers, type Host, type Spare, type SpareCheck, spareCheck } from 'osha';
import { apiProbe, type ApiAnswer, type ApiSession } from './api-session.ts';

/** A check that asks the API of a product, from any of the control hosts. */
export interface ApiSpareCheck {
  readonly control: readonly Host[];
  readonly session: ApiSession;
  /** The service in the catalogue, and the path to ask. */
  readonly question: { readonly service: string; readonly path: string };
  judge(answers: Answers<ApiAnswer>): Spare;
}

/** Whether a host can be spared, by what an API answers about it. */
export function spareByApi(asked: ApiSpareCheck): SpareCheck {
  const { control, session, question } = asked;
  return spareCheck({
    members: control,
    probe: () =>
      apiProbe(session, [question], ['cluster:identity'], ({ login, answers }) => answers[0] ?? login),
    judge: (answers) => asked.judge(answers),
  });
}

/**
 * The verdict of the first control host whose answer tells; `unknown` if none does. `verdictOn` returns `undefined` for an
 * answer without what it asks for. Pure.
 */
export function firstVerdict(
  product: string,
  answers: Answers<ApiAnswer>,
  verdictOn: (answer: ApiAnswer) => Spare | undefined,
): Spare {
  let reason = 'no control host';
  for (const [name, answer] of answers) {
    if (!answer.reachable) {
      reason = `${name}: ${answer.reason}`;
      continue;
    }
    const { observed } = answer;
    const verdict = verdictOn(observed);
    if (verdict) return verdict;
    reason = `asked from ${name}: ${observed.error ?? `${product} answers ${observed.status}`}`;
  }
  return { verdict: 'unknown', evidence: `could not ask ${product} (${reason})` };
}
