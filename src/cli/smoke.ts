import { cloudOf, loadCloud } from './cloud.ts';
import { recorded } from './execute.ts';
import { exitCodeOf } from './exit-code.ts';
import type { LoginOptions, OutputOptions } from './options.ts';
import type { Cli } from './register.ts';

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

/** Milliseconds for everything that was created to be removed. */
const REMOVED_WITHIN_MS = 300_000;

/** Runs an end-to-end test of the cloud, shows it and records it. Returns the exit code. */
export async function smoke(cli: Cli, file: string, request: SmokeRequest): Promise<number> {
  const { io } = cli;
  const inventory = await loadCloud(io, file, { json: request.json ?? false });
  const [{ Hosts }, { smokeTest, cleanCloud }, { accessTo }, { createMasker }] = await Promise.all([
    import('../cloud/hosts.ts'),
    import('../cloud/smoke/smoke.ts'),
    import('./access.ts'),
    import('../secrets/masker.ts'),
  ]);
  const { transport, passwords } = await accessTo(io, request);
  const hosts = new Hosts(transport, {
    timeoutMs: request.connectTimeout * 1000,
    acceptNew: request.acceptNew ?? false,
  });
  const begun = new Set<string>();
  const run = {
    inventoryFile: inventory.deployment.inventory.file,
    mask: createMasker([...Object.values(inventory.secrets), ...passwords]),
    lastWords: () => leftBehind([...begun], file),
  };
  try {
    const summary = await recorded(cli, run, request, ({ signal, emit }) => {
      const options = {
        cloud: cloudOf(inventory),
        hosts,
        begun,
        patienceMs: request.patience * 1000,
        removalMs: REMOVED_WITHIN_MS,
        command: cli.command,
        inventory: file,
        signal,
        emit,
      };
      return request.clean
        ? cleanCloud(options)
        : smokeTest({
            ...options,
            rounds: request.repeat,
            server: request.server,
            image: request.image,
            keep: request.keep,
            bootMs: request.timeout * 1000,
          });
    });
    return exitCodeOf(summary);
  } finally {
    await hosts.close();
  }
}

/** What a second Ctrl-C leaves in the cloud. */
function leftBehind(begun: readonly string[], file: string): string {
  if (begun.length === 0) return 'nothing is left behind';
  return `left behind:\n${begun.map((entry) => `  ${entry}\n`).join('')}hint: osha smoke ${file} --clean`;
}
