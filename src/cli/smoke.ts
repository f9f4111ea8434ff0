import type { SmokeOptions, SmokeResult } from '../cloud/smoke/smoke.ts';
import { cloudOf, loadCloud } from './cloud.ts';
import { interruption } from './interruption.ts';
import { EXIT } from './io.ts';
import type { LoginOptions, OutputOptions } from './options.ts';
import { drawing, printJson, rendererKind, wantsColor } from './presentation.ts';
import type { Cli } from './register.ts';
import { plainSummary } from './summary.ts';

export interface SmokeRequest extends OutputOptions, LoginOptions {
  /** False with `--no-server`. */
  readonly server: boolean;
  readonly image?: string;
  readonly clean?: true;
  readonly keep?: true;
  readonly repeat: number;
  /** Seconds. */
  readonly timeout: number;
  /** Seconds. */
  readonly patience: number;
}

/** Milliseconds for everything that was made to be removed. */
const REMOVED_WITHIN_MS = 300_000;

/** Uses the cloud as a whole and shows it. Returns the exit code. */
export async function smoke(cli: Cli, file: string, request: SmokeRequest): Promise<number> {
  const { io } = cli;
  const inventory = await loadCloud(io, file, { json: request.json ?? false });
  const [
    { Hosts },
    { smokeRound, cleanCloud },
    { newRunId },
    { createPartsRenderer },
    { accessTo },
    { createMasker },
    { maskDeep },
    { pasteable },
  ] = await Promise.all([
    import('../cloud/hosts.ts'),
    import('../cloud/smoke/smoke.ts'),
    import('../cloud/smoke/names.ts'),
    import('../render/parts.ts'),
    import('./access.ts'),
    import('../secrets/masker.ts'),
    import('../journal/mask-deep.ts'),
    import('./pasteable.ts'),
  ]);
  const started = Date.now();
  const renderer = await createPartsRenderer(rendererKind(io, request), {
    color: wantsColor(io, request),
    verbose: request.verbose ?? false,
    stdout: io.stdout,
    stderr: io.stderr,
  });
  const begun = new Set<string>();
  const stop = interruption(io, renderer.notice, () => {
    renderer.abandon(leftBehind([...begun], file));
  });
  const { transport, passwords } = await accessTo(io, request);
  const mask = createMasker([...Object.values(inventory.secrets), ...passwords]);
  const hosts = new Hosts(transport, {
    timeoutMs: request.connectTimeout * 1000,
    acceptNew: request.acceptNew ?? false,
  });
  const common: SmokeOptions = {
    cloud: cloudOf(inventory),
    hosts,
    patienceMs: request.patience * 1000,
    removalMs: REMOVED_WITHIN_MS,
    signal: stop.signal,
    emit: (event) => renderer.sink(pasteable(maskDeep(event, mask), file)),
  };
  const results: SmokeResult[] = [];
  try {
    for (let round = 0; round < (request.clean ? 1 : request.repeat) && goesOn(results.at(-1)); round += 1) {
      results.push(
        await (request.clean
          ? cleanCloud({ ...common, begun })
          : smokeRound({
              ...common,
              begun,
              run: newRunId(),
              server: request.server,
              ...(request.keep ? { keep: request.keep } : {}),
              bootMs: request.timeout * 1000,
              ...(request.image === undefined ? {} : { image: request.image }),
            })),
      );
      await renderer.finish();
    }
  } finally {
    stop.release();
    await renderer.finish();
    await hosts.close();
  }
  await conclude(cli, results, Date.now() - started, request);
  return exitCodeOf(results);
}

function goesOn(last: SmokeResult | undefined): boolean {
  return last === undefined || (last.failed === 0 && !last.interrupted);
}

function exitCodeOf(results: readonly SmokeResult[]): number {
  if (results.some(({ interrupted }) => interrupted)) return EXIT.interrupted;
  if (results.some(({ unreachable }) => unreachable)) return EXIT.unreachable;
  return results.some(({ failed }) => failed > 0) ? EXIT.failed : EXIT.ok;
}

async function conclude(
  { io }: Cli,
  results: readonly SmokeResult[],
  durationMs: number,
  request: SmokeRequest,
): Promise<void> {
  const sum = (of: (result: SmokeResult) => number): number =>
    results.reduce((total, result) => total + of(result), 0);
  const [ok, failed, skipped] = [sum((one) => one.ok), sum((one) => one.failed), sum((one) => one.skipped)];
  const interrupted = results.some((one) => one.interrupted);
  if (request.json) {
    const left = results.flatMap((one) => one.left);
    const summary = plainSummary([], { ok, failed, durationMs, interrupted });
    printJson(io, [{ ...summary, skipped, rounds: results.length, left }]);
    return;
  }
  const [{ colors }, { count, duration }] = await Promise.all([
    drawing(io, request),
    import('../render/text.ts'),
  ]);
  const rounds = results.length > 1 ? `${count(results.length, 'round')}, ` : '';
  const verdict = interrupted
    ? colors.bad('interrupted')
    : failed > 0
      ? colors.bad(`${failed} failed`)
      : colors.good('the cloud works');
  const all = request.clean && failed === 0 && !interrupted ? colors.good('clean') : verdict;
  io.stdout.write(
    `\n${all}: ${rounds}${count(ok, 'part')} ok, ${skipped} left out, ${duration(durationMs)}\n`,
  );
}

/** Told where a second Ctrl-C gives up. */
function leftBehind(begun: readonly string[], file: string): string {
  if (begun.length === 0) return 'nothing is left behind';
  return `left behind:\n${begun.map((entry) => `  ${entry}\n`).join('')}hint: osha smoke ${file} --clean`;
}
