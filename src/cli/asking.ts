import { probeTimeoutMs } from '../playbook/limits.ts';
import type { AskOptions } from '../runner/answers.ts';
import type { Passwords } from './access.ts';
import type { Deployment } from './deployment.ts';
import { interruption } from './interruption.ts';
import type { ConnectionOptions, OutputOptions } from './options.ts';
import { printJson } from './presentation.ts';
import type { Cli } from './register.ts';

/** What hosts answered, fit to be printed: secrets masked, hints with the user's own inventory. */
export interface Asked<Result> {
  /** Absent if the user interrupted before there was one. */
  readonly result?: Result;
  readonly interrupted: boolean;
}

/**
 * Connects to hosts for a verb that only asks them, with the passwords that are known or those that the options ask for. Throws
 * what `ask` throws, except after an interruption.
 */
export async function asking<Result>(
  { io }: Cli,
  deployment: Deployment,
  options: ConnectionOptions & OutputOptions & { readonly passwords?: Passwords },
  ask: (options: AskOptions) => Promise<Result>,
): Promise<Asked<Result>> {
  const [{ accessWith, passwordsFor }, { createMasker }, { maskDeep }, { secretsToMask }, { pasteable }] =
    await Promise.all([
      import('./access.ts'),
      import('../secrets/masker.ts'),
      import('../journal/mask-deep.ts'),
      import('./admission.ts'),
      import('./pasteable.ts'),
    ]);
  const { transport, passwords } = await accessWith(
    io,
    options.passwords ?? (await passwordsFor(io, options)),
    options,
  );
  const mask = createMasker([...secretsToMask(deployment), ...passwords]);
  const stop = interruption(io, (text) => void io.stderr.write(`${text}\n`));
  try {
    const found = await ask({
      transport,
      forks: options.forks,
      connectTimeoutMs: options.connectTimeout * 1000,
      probeTimeoutMs: probeTimeoutMs(options.timeout * 1000),
      acceptNew: options.acceptNew ?? false,
      signal: stop.signal,
      emit: (event) => void (options.json && printJson(io, [maskDeep(event, mask)])),
    });
    return {
      result: pasteable(maskDeep(found, mask), deployment.inventory.file),
      interrupted: stop.asked(),
    };
  } catch (error) {
    if (stop.asked()) return { interrupted: true };
    throw error;
  } finally {
    stop.release();
  }
}
