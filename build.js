import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

/*
 * The build of this checkout. Each state of the sources has a folder of its own in dist, which appears as a whole or not at
 * all and never changes: dist/ID/src/cli/main.js. What runs from one is not disturbed by the next build. The entry points
 * that package.json names only lead to the build of the moment; they are replaced by a rename.
 */

const ROOT = import.meta.dirname;
const DIST = join(ROOT, 'dist');
const TSC = join(ROOT, 'node_modules/typescript/bin/tsc');
/** What a build is made of, besides the version of the compiler. */
const FILES = ['package.json', 'tsconfig.json', 'tsconfig.build.json', 'build.js'];
const FOLDERS = ['src', 'playbooks'];

const ID = /^[0-9a-f]{16}$/;
const UNFINISHED = /^\.building-/;
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'];
const HOUR_MS = 3_600_000;
/** How long a build is kept after it was last begun with: longer than any deployment takes. */
const KEPT_MS = 24 * HOUR_MS;
/** A build that is this old and not done was interrupted. */
const INTERRUPTED_MS = HOUR_MS;

/** A build that could not be made: its message is for the user. */
export class BuildFailed extends Error {
  /** @type {number} */
  exitCode;

  /**
   * @param {string} message
   * @param {number} exitCode
   */
  constructor(message, exitCode = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}

/**
 * The folder with a build of the sources as they are now, made only where there is none yet. Throws `BuildFailed`.
 *
 * @returns {Promise<string>}
 */
export async function upToDate() {
  for (;;) {
    const id = idOfSources();
    const folder = join(DIST, id);
    if (!existsSync(folder) && !(await build(id, folder))) continue;
    lead(id);
    touch(folder);
    return folder;
  }
}

/** A word for the state of everything that a build is made of. */
function idOfSources() {
  const hash = createHash('sha256');
  /** @param {string} name */
  const add = (name) =>
    hash
      .update(`${name}\0`)
      .update(readFileSync(join(ROOT, name)))
      .update('\0');
  FILES.forEach(add);
  for (const folder of FOLDERS) {
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .sort()
      .forEach((name) => add(join(folder, name)));
  }
  if (!existsSync(TSC)) throw new BuildFailed('osha is not built, and its compiler is not installed: npm ci');
  const { version } = packageOf('node_modules/typescript');
  return hash.update(version).digest('hex').slice(0, 16);
}

/**
 * Compiles into a folder of its own, and gives it its place when it is done. Of two builds of the same sources at once,
 * either may come first. Returns false where the sources changed meanwhile.
 *
 * @param {string} id
 * @param {string} folder
 */
async function build(id, folder) {
  process.stderr.write('osha: building what has changed ...\n');
  removeOld(id);
  const unfinished = join(DIST, `.building-${process.pid}-${randomBytes(4).toString('hex')}`);
  const interruption = new AbortController();
  const interrupt = () => interruption.abort();
  for (const signal of SIGNALS) process.on(signal, interrupt);
  try {
    mkdirSync(unfinished, { recursive: true });
    const isCompiled = await compile(unfinished, interruption.signal);
    if (interruption.signal.aborted) throw new BuildFailed('interrupted; the next call builds again', 130);
    if (!isCompiled) throw new BuildFailed('the build failed: see above; what was built before is unchanged');
    if (idOfSources() !== id) return false;
    const { name, version, type } = packageOf('.');
    // The build's own modules find each other by it when they import "osha", whatever the entry points lead to by then.
    const exports = { '.': { types: './src/index.d.ts', default: './src/index.js' } };
    writeFileSync(join(unfinished, 'package.json'), JSON.stringify({ name, version, type, exports }));
    try {
      renameSync(unfinished, folder);
    } catch (error) {
      if (!existsSync(folder)) throw error;
    }
    return true;
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
    for (const signal of SIGNALS) process.off(signal, interrupt);
  }
}

/**
 * Returns whether the compiler found nothing wrong. Ends when the compiler has, also where it is interrupted.
 *
 * @param {string} folder
 * @param {AbortSignal} signal
 * @returns {Promise<boolean>}
 */
function compile(folder, signal) {
  return new Promise((resolve, reject) => {
    const options = ['-p', join(ROOT, 'tsconfig.build.json'), '--outDir', folder];
    // What the compiler says is no output of osha: stdout stays clean.
    const compiler = spawn(process.execPath, [TSC, ...options], { stdio: ['ignore', 2, 2] });
    const stop = () => compiler.kill();
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop);
    compiler.on('error', reject);
    compiler.on('close', (code) => resolve(code === 0));
  });
}

/**
 * Makes the entry points that package.json names lead to a build.
 *
 * @param {string} id
 */
function lead(id) {
  replace('osha.js', `#!/usr/bin/env node\nimport './${id}/src/cli/main.js';\n`);
  replace('index.js', `export * from './${id}/src/index.js';\n`);
  replace('index.d.ts', `export * from './${id}/src/index.js';\n`);
  // The package has one build: npm reads this.
  replace('.npmignore', `/*\n!/${id}\n!/osha.js\n!/index.js\n!/index.d.ts\n`);
}

/**
 * @param {string} name
 * @param {string} content
 */
function replace(name, content) {
  const file = join(DIST, name);
  const before = existsSync(file) ? readFileSync(file, 'utf8') : '';
  if (before === content) return;
  // What ran from the build that it led to goes on doing so.
  const previous = /\/([0-9a-f]{16})\//.exec(before)?.[1];
  if (previous !== undefined) touch(join(DIST, previous));
  const temporary = join(DIST, `.${name}-${process.pid}-${randomBytes(4).toString('hex')}`);
  writeFileSync(temporary, content);
  chmodSync(temporary, name === 'osha.js' ? 0o755 : 0o644);
  renameSync(temporary, file);
}

/**
 * Notes that a build is in use: it is kept for a day from now.
 *
 * @param {string} folder
 */
function touch(folder) {
  try {
    utimesSync(folder, new Date(), new Date());
  } catch {
    // It is another user's, who builds it, or it is gone.
  }
}

/**
 * Removes builds that nothing runs from any more, and what interrupted ones left.
 *
 * @param {string} current
 */
function removeOld(current) {
  for (const name of existsSync(DIST) ? readdirSync(DIST) : []) {
    const limit =
      ID.test(name) && name !== current ? KEPT_MS : UNFINISHED.test(name) ? INTERRUPTED_MS : Infinity;
    const folder = join(DIST, name);
    const age =
      limit === Infinity ? 0 : Date.now() - (statSync(folder, { throwIfNoEntry: false })?.mtimeMs ?? 0);
    if (age > limit) rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * @param {string} folder
 * @returns {{ name: string, version: string, type: string }}
 */
function packageOf(folder) {
  return /** @type {{ name: string, version: string, type: string }} */ (
    JSON.parse(readFileSync(join(ROOT, folder, 'package.json'), 'utf8'))
  );
}

/**
 * Tells why there is no build, and leaves the exit code for it. Throws what is no `BuildFailed`.
 *
 * @param {unknown} error
 */
export function tell(error) {
  if (!(error instanceof BuildFailed)) throw error;
  process.stderr.write(`error: ${error.message}\n`);
  process.exitCode = error.exitCode;
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === import.meta.filename) {
  await upToDate().catch(tell);
}
