import { Option } from 'commander';
import type { Host } from '../../inventory/types.ts';
import type { Colors } from '../../render/output.ts';
import type { ExecResult } from '../../runner/exec.ts';
import { visible, visibleBehind } from '../../text/visible.ts';
import { loadDeployment } from '../deployment.ts';
import { interruption } from '../interruption.ts';
import { EXIT } from '../io.ts';
import { withConnections, withOutput, type ConnectionOptions, type OutputOptions } from '../options.ts';
import { plainSummary, printJson, tableOptions } from '../presentation.ts';
import { exiting, type Cli, type Register } from '../register.ts';

interface ExecRequest extends OutputOptions, ConnectionOptions {
  /** Host names and roles. */
  readonly on?: readonly string[];
}

export const registerExec: Register = (program, cli) => {
  const command = program
    .command('exec')
    .summary('run a command on the hosts')
    .description(
      'Runs a command as root on all hosts in parallel, and prints the output of each. A single word is passed to the ' +
        'shell; several words are a command and its arguments, passed literally. Exits with 1 when the command fails on ' +
        'any host, with 4 when a host is unreachable.',
    )
    .argument('<inventory>', 'the inventory, a YAML file')
    .argument('<command...>', 'the command, after --')
    .addOption(
      new Option('--on <host|role,...>', 'only these hosts').argParser((value: string) => value.split(',')),
    )
    .addHelpText(
      'after',
      "\nExamples:\n  osha exec inventory/lab.yaml -- uptime\n  osha exec inventory/lab.yaml --on database -- 'systemctl status mariadb | head -5'",
    );
  withOutput(withConnections(command)).action(
    exiting(cli, (file: string, words: readonly string[], request: ExecRequest) =>
      exec(cli, file, words, request),
    ),
  );
};

/** Runs a command on hosts and prints its output, each line after the name of its host. Returns the exit code. */
async function exec(cli: Cli, file: string, words: readonly string[], request: ExecRequest): Promise<number> {
  const { io } = cli;
  const started = Date.now();
  const { inventory } = await loadDeployment(io, file, {
    json: request.json ?? false,
    secrets: 'none',
    quiet: true,
  });
  const [
    { selectHosts },
    { execEverywhere },
    { accessTo },
    { quote },
    { LineCutter },
    { createMasker },
    { maskDeep },
  ] = await Promise.all([
    import('../../planner/selection.ts'),
    import('../../runner/exec.ts'),
    import('../access.ts'),
    import('../../operations/shell.ts'),
    import('../../runner/lines.ts'),
    import('../../secrets/masker.ts'),
    import('../../journal/mask-deep.ts'),
  ]);
  const hosts = selectHosts(inventory, request.on);
  const { transport, passwords } = await accessTo(io, request);
  const mask = createMasker(passwords);
  const { colors } = tableOptions(io, request);
  const margin = Math.max(...hosts.map((host) => host.name.length));
  const cutters = new Map(
    hosts.flatMap((host) =>
      (['stdout', 'stderr'] as const).map((stream) => {
        const print = (line: string): void =>
          void io[stream].write(
            `${colors.strong(host.name.padEnd(margin))} ${colors.faint('|')} ${visible(mask(line))}\n`,
          );
        return [`${host.name} ${stream}`, new LineCutter(print)];
      }),
    ),
  );
  const stop = interruption(io, (text) => void io.stderr.write(`${text}\n`));
  const script = words.length === 1 ? (words[0] ?? '') : words.map(quote).join(' ');
  let results: ReadonlyMap<string, ExecResult>;
  try {
    results = await execEverywhere(hosts, script, {
      transport,
      forks: request.forks,
      timeoutMs: request.timeout * 1000,
      connectTimeoutMs: request.connectTimeout * 1000,
      acceptNew: request.acceptNew ?? false,
      signal: stop.signal,
      emit: () => undefined,
      onOutput: (host, stream, chunk) => {
        if (!request.json) cutters.get(`${host} ${stream}`)?.write(chunk);
      },
      onResult: (host, result) => {
        if (request.json) printJson(io, [maskDeep({ event: 'result', host, ...result }, mask)]);
        for (const stream of ['stdout', 'stderr']) cutters.get(`${host} ${stream}`)?.end();
      },
    });
  } finally {
    stop.release();
  }
  if (request.json) printJson(io, [summaryOf(results, Date.now() - started, stop.asked())]);
  else io.stderr.write(mask(failureLines(results, hosts, colors)));
  if (stop.asked()) return EXIT.interrupted;
  const all = [...results.values()];
  if (all.some((result) => result.kind === 'unreachable')) return EXIT.unreachable;
  return all.every((result) => result.kind === 'ended' && result.exitCode === 0) ? EXIT.ok : EXIT.failed;
}

/** The hosts on which the command did not exit with 0, a line each with the reason. */
function failureLines(
  results: ReadonlyMap<string, ExecResult>,
  hosts: readonly Host[],
  colors: Colors,
): string {
  const lines = hosts.flatMap(({ name }): readonly string[] => {
    const result = results.get(name);
    if (result === undefined || (result.kind === 'ended' && result.exitCode === 0)) return [];
    if (result.kind === 'ended') return [`${colors.bad(name)}: exited with ${result.exitCode}`];
    const hint =
      result.kind === 'unreachable' && result.hint
        ? `\n  ${colors.hint('hint:')} ${visibleBehind(result.hint)}`
        : '';
    return [`${colors.bad(name)}: ${visibleBehind(result.message)}${hint}`];
  });
  return lines.map((line) => `${line}\n`).join('');
}

function summaryOf(
  results: ReadonlyMap<string, ExecResult>,
  durationMs: number,
  interrupted: boolean,
): object {
  const counts = [...results].map(([host, result]) => {
    const ok = result.kind === 'ended' && result.exitCode === 0;
    return {
      host,
      ok: ok ? 1 : 0,
      failed: ok || result.kind === 'unreachable' ? 0 : 1,
      unreachable: result.kind === 'unreachable',
      durationMs: result.kind === 'ended' ? result.durationMs : 0,
    };
  });
  return plainSummary(counts, { durationMs, interrupted });
}
