import type { Host } from '../inventory/types.ts';
import { maskDeep } from '../journal/mask-deep.ts';
import { quote } from '../operations/shell.ts';
import { carriedSecretsOf } from '../planner/plan.ts';
import { selectHosts } from '../planner/selection.ts';
import { probeTimeoutMs } from '../playbook/limits.ts';
import type { Answers } from '../playbook/operation.ts';
import { adoptionOf, type AdoptedSecret, type AdoptionOutcome } from '../preflight/adoption.ts';
import { bySecret, placesOn, valueProbe, type FoundSecret } from '../preflight/carried.ts';
import { secretsInWords } from '../preflight/foreign-secrets.ts';
import { askHosts } from '../runner/answers.ts';
import { trackedSecrets } from '../secrets/files.ts';
import { loadSecrets } from '../secrets/load.ts';
import { createMasker } from '../secrets/masker.ts';
import type { SecretRules } from '../secrets/rule.ts';
import { writeSecrets } from '../secrets/write.ts';
import { visibleBehind } from '../text/visible.ts';
import { hasErrors } from '../yaml/problem.ts';
import { accessTo } from './access.ts';
import { loadDeployment, type Deployment } from './deployment.ts';
import { InvalidFile, printProblems, UserError } from './errors.ts';
import { interruption } from './interruption.ts';
import { EXIT, type Io } from './io.ts';
import { keyring } from './keyring.ts';
import type { ConnectionOptions } from './options.ts';
import { plainSummary, printJson } from './presentation.ts';

export interface AdoptRequest extends ConnectionOptions {
  readonly limit?: readonly string[];
  readonly replace?: true;
  readonly keep?: true;
  readonly json?: true;
}

/**
 * Reads secrets back from the hosts and writes those that the folder lacks. Prints no value. Returns the exit code: 4 where
 * a host is unreachable. Throws `UserError` with 5, and writes nothing, where the hosts disagree with each other, or with
 * the folder and the request does not say which side wins.
 */
export async function adopt(io: Io, file: string, request: AdoptRequest): Promise<number> {
  const deployment = await loadDeployment(io, file, { json: false, secrets: 'none', quiet: true });
  const { inventory, rules } = deployment;
  printProblems(io, await trackedSecrets(inventory.file));
  const loaded = await loadSecrets(inventory.file, rules, { unlock: keyring(io).unlock });
  if (hasErrors(loaded.problems)) throw new InvalidFile(loaded.problems);
  const answers = await readFromHosts(io, deployment, request);
  if (answers === undefined) return EXIT.interrupted;
  const silent = [...answers].filter(([, answer]) => !answer.reachable).map(([host]) => host);
  if (silent.length === answers.size) {
    return printResult(io, request, { answers, silent, secrets: [] });
  }

  const onDifference = request.replace ? 'replace' : request.keep ? 'keep' : 'refuse';
  const { secrets, values, previous } = adoptionOf(bySecret(answers), loaded, rules, onDifference);
  requireAgreement(secrets, quote(file));
  await writeSecrets(loaded.file, values, {
    replace: Object.keys(values),
    rules,
    key: loaded.key,
    snapshot: loaded.snapshot,
    ...(Object.keys(previous).length > 0 ? { previous } : {}),
  });
  return printResult(io, request, {
    answers,
    silent,
    secrets,
    lines: linesOf(secrets, { file: quote(file), rules, written: loaded.file }),
  });
}

/** The secrets that each host has; `undefined` where it was interrupted. */
async function readFromHosts(
  io: Io,
  deployment: Deployment,
  request: AdoptRequest,
): Promise<Answers<readonly FoundSecret[]> | undefined> {
  const places = carriedSecretsOf(deployment).filter(({ secret }) => Object.hasOwn(deployment.rules, secret));
  const hosts = selectHosts(deployment.inventory, request.limit).filter(
    (host) => placesOn(host, places).length > 0,
  );
  const { transport, passwords } = await accessTo(io, request);
  const mask = createMasker(passwords);
  const stop = interruption(io, (text) => void io.stderr.write(`${text}\n`));
  try {
    return await askHosts(hosts, (host: Host) => valueProbe(placesOn(host, places)), {
      transport,
      forks: request.forks,
      connectTimeoutMs: request.connectTimeout * 1000,
      probeTimeoutMs: probeTimeoutMs(request.timeout * 1000),
      acceptNew: request.acceptNew ?? false,
      signal: stop.signal,
      emit: (unmasked) => {
        const event = maskDeep(unmasked, mask);
        if (request.json) printJson(io, [event]);
        else if (event.event === 'unreachable') {
          const hint = event.hint === undefined ? '' : `\n  hint: ${visibleBehind(event.hint)}`;
          io.stderr.write(`unreachable ${event.host}: ${visibleBehind(event.message)}${hint}\n`);
        }
      },
    });
  } catch (error) {
    if (stop.asked()) return undefined;
    throw error;
  } finally {
    stop.release();
  }
}

function requireAgreement(secrets: readonly AdoptedSecret[], file: string): void {
  const disagreeing = secrets.filter(({ outcome }) => outcome === 'disagree');
  if (disagreeing.length > 0) {
    const each = disagreeing.map(
      ({ secret, hosts, others = [] }) => `${secret} (${others.join(', ')} differs from ${hosts.join(', ')})`,
    );
    const [host = 'HOST'] = disagreeing[0]?.hosts ?? [];
    throw new UserError(`the hosts disagree with each other: ${each.join('; ')}`, {
      hint: `adopt the secrets of a host that has the right ones: osha secrets adopt ${file} --limit ${host}`,
      exitCode: EXIT.refused,
    });
  }
  const differing = secrets.filter(({ outcome }) => outcome === 'differs');
  if (differing.length === 0) return;
  throw new UserError(`this folder has different secrets than the hosts: ${secretsInWords(differing)}`, {
    hint: `take the secrets of the hosts: osha secrets adopt ${file} --replace; or keep those of this folder, and the next deployment replaces those of the hosts: osha secrets adopt ${file} --keep`,
    exitCode: EXIT.refused,
  });
}

interface AdoptResult {
  readonly answers: Answers<readonly FoundSecret[]>;
  /** Unreachable hosts. */
  readonly silent: readonly string[];
  readonly secrets: readonly AdoptedSecret[];
  readonly lines?: readonly string[];
}

function printResult(
  io: Io,
  request: AdoptRequest,
  { answers, silent, secrets, lines = [] }: AdoptResult,
): number {
  if (request.json) {
    const hosts = [...answers.keys()].map((host) => ({
      host,
      ok: secrets.filter((one) => one.outcome === 'adopted' && one.hosts.includes(host)).length,
      unreachable: silent.includes(host),
    }));
    const ok = secrets.filter(({ outcome }) => outcome === 'adopted').length;
    printJson(io, [...secrets.map((one) => ({ event: 'secret', ...one })), plainSummary(hosts, { ok })]);
  } else for (const line of lines) io.stdout.write(`${line}\n`);
  if (silent.length === 0) return EXIT.ok;
  if (!request.json) io.stderr.write(`not read: ${silent.join(', ')}\n`);
  return EXIT.unreachable;
}

/** The outcome for each secret, most important first. */
function linesOf(
  secrets: readonly AdoptedSecret[],
  { file, rules, written }: { readonly file: string; readonly rules: SecretRules; readonly written: string },
): readonly string[] {
  const of = (outcome: AdoptionOutcome): readonly AdoptedSecret[] =>
    secrets.filter((secret) => secret.outcome === outcome);
  const names = (outcome: AdoptionOutcome): string =>
    of(outcome)
      .map(({ secret }) => secret)
      .join(', ');
  const line = (outcome: AdoptionOutcome, text: string): readonly string[] =>
    of(outcome).length > 0 ? [text] : [];
  return [
    ...line('adopted', `adopted into ${written}: ${secretsInWords(of('adopted'))}`),
    ...line('same', `already in this folder: ${names('same')}`),
    ...line('kept', `kept; bring them to the hosts with osha deploy ${file}: ${names('kept')}`),
    ...line('absent', `on no host; the next deployment generates them: ${names('absent')}`),
    ...of('unreadable').map(({ secret, hosts }) => {
      const rule = rules[secret];
      const why =
        rule !== undefined && 'kind' in rule
          ? 'its key never left the machine that generated it'
          : 'the hosts only have values derived from it';
      return `${secret} cannot be read back (${hosts.join(', ')}): ${why}. Restore its line in secrets.yaml, or generate a new one and reissue everything derived from it: osha secrets rotate ${file} ${secret}`;
    }),
    ...of('unfit').map(
      ({ secret, hosts, why }) =>
        `not adopted: ${secret} (${hosts.join(', ')}): ${why ?? ''}. Replace it on purpose: osha secrets rotate ${file} ${secret}`,
    ),
  ];
}
