import { existsSync, rmSync } from 'node:fs';
import { generatedFile } from './compose.ts';
import { currentLab, rememberLab } from './current.ts';
import { docker, engineAnswers, ensureEngine, hostsLeft, mustDocker, stopEngine } from './engine.ts';
import { imageOf, STAGES } from './images.ts';
import { readInventory } from './inventory.ts';
import { knownLabs, type KnownLab } from './labs.ts';
import { cablesIn, removeCables } from './link.ts';
import { LAB_DIR } from './paths.ts';
import { step, toStdout, type Log } from './progress.ts';
import { LabError } from './run.ts';

export interface DownOptions {
  /** The lab's name or inventory; default: the lab brought up last. */
  readonly lab?: string;
  /** All labs of the engine. */
  readonly all?: boolean;
  /** All labs, and the images. */
  readonly purge?: boolean;
  readonly log?: Log;
}

/**
 * Removes a lab: its hosts and networks. With the last lab it removes the login key, and the engine if the lab started it.
 * Keeps images unless `purge`.
 */
export async function down(options: DownOptions = {}): Promise<void> {
  const log = options.log ?? toStdout;
  // Hosts survive a killed engine and a reboot of the machine; only an engine can remove them.
  if (!(await engineAnswers()) && hostsLeft()) await ensureEngine(log);
  const answers = await engineAnswers();
  const known = answers ? await knownLabs() : [];
  const going =
    (options.all ?? options.purge) ? known.map(({ name }) => name) : [chosenLab(options.lab, known)];
  if (answers) for (const name of going) await removeLab(name, log);
  const left = known.filter(({ name }) => !going.includes(name));
  if (left.length > 0) {
    if (going.includes(currentLab().name)) rememberLab(left.at(-1)?.inventory || undefined);
    log(`still up: ${left.map(({ name }) => `${name} (\`npm run lab -- down ${name}\`)`).join(', ')}`);
    return;
  }
  if (options.purge && answers) await docker(['rmi', '-f', ...STAGES.map(imageOf)]);
  await stopEngine(log, options.purge ?? false);
  rmSync(LAB_DIR, { recursive: true, force: true });
  log('the lab is removed' + (options.purge ? '' : ', except its images (`down --purge` removes them too)'));
}

/** Removes the hosts and networks of one lab, and its generated compose file, if they exist. */
export async function removeLab(name: string, log: Log): Promise<void> {
  const networks = await ownedBy(name, 'network');
  const containers = await ownedBy(name, 'container');
  rmSync(generatedFile({ name }), { force: true });
  if (networks.length + containers.length === 0) return;
  await step(log, `removing the hosts and networks of ${name}`, async () => {
    const cables = (await Promise.all(networks.map(cablesIn))).flat();
    if (containers.length > 0) await mustDocker(['rm', '-f', '-v', ...containers]);
    await removeCables(cables);
    if (networks.length > 0) await mustDocker(['network', 'rm', ...networks]);
  });
}

/** The name of the lab to remove. Throws if other labs are up, but not this one. */
function chosenLab(word: string | undefined, known: readonly KnownLab[]): string {
  if (word !== undefined && known.some(({ name }) => name === word)) return word;
  if (word !== undefined && !existsSync(word)) {
    throw new LabError(`no lab ${word} is up, and there is no inventory of that name`, upNow(known));
  }
  const { name } = word === undefined ? currentLab() : readInventory(word);
  if (known.length === 0 || known.some((lab) => lab.name === name)) return name;
  throw new LabError(`the lab ${name} is not up`, upNow(known));
}

function upNow(known: readonly KnownLab[]): string {
  if (known.length === 0) return 'No lab is up.';
  return `Up: ${known.map(({ name }) => name).join(', ')}. Name one, as in \`npm run lab -- down ${known[0]?.name ?? ''}\`, or all: \`down --all\`.`;
}

async function ownedBy(name: string, kind: 'container' | 'network'): Promise<readonly string[]> {
  const all = kind === 'container' ? ['--all'] : [];
  const found = await mustDocker([kind, 'ls', ...all, '--quiet', '--filter', `label=osha.lab=${name}`]);
  return found.split('\n').filter((id) => id !== '');
}
