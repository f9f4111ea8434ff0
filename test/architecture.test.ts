import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = resolve(import.meta.dirname, '..');

/** The rows of the table in `docs/architecture.md` whose first column has this title, without the header. */
function tableOf(title: string): readonly (readonly string[])[] {
  const lines = readFileSync(join(ROOT, 'docs/architecture.md'), 'utf8').split('\n');
  const cells = (line: string): readonly string[] =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim());
  const first = lines.findIndex((line) => line.startsWith('|') && cells(line)[0] === title);
  const rest = lines.slice(first + 2);
  return rest
    .slice(
      0,
      rest.findIndex((line) => !line.startsWith('|')),
    )
    .map(cells);
}

function namesIn(cell: string): readonly string[] {
  return [...cell.matchAll(/`([\w.-]+)\/?`/g)].flatMap(([, name]) => name ?? []);
}

const layers = tableOf('layer').map(([name = '', , imports = '']) => ({
  name: namesIn(name)[0] ?? '',
  imports,
}));

/** What each layer may import besides itself, according to the documentation. */
const MAY_IMPORT: ReadonlyMap<string, readonly string[]> = new Map<string, readonly string[]>([
  ...layers.map(({ name, imports }): readonly [string, readonly string[]] => [
    name,
    [...namesIn(imports), ...(imports.startsWith('everything') ? layers.map((layer) => layer.name) : [])],
  ]),
  ['playbooks', []],
]);

/** The playbooks that may import from each publishing folder. */
const PUBLISHED: ReadonlyMap<string, readonly string[]> = new Map(
  tableOf('folder').map(([folder = '', , users = '']) => [namesIn(folder)[0] ?? '', namesIn(users)]),
);

/** What a playbook may import besides other playbooks: nothing that accesses files, processes or the network. */
const OF_PLAYBOOKS = ['osha', 'zod', '@xmldom/xmldom', 'node:crypto', 'node:path'];

/** The maximum number of lines of a file; a longer one probably holds two concepts. */
const LONGEST = 500;

function sources(folder: string): readonly string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)));
}

function importsOf(file: string): readonly string[] {
  const code = readFileSync(join(ROOT, file), 'utf8');
  return [...code.matchAll(/(?<![-\w])(?:from|import)\s*\(?\s*'([^'\n]+)'/g)].map((match) => match[1] ?? '');
}

function localImports(file: string): readonly string[] {
  return importsOf(file)
    .filter((specifier) => specifier.startsWith('.'))
    .map((specifier) => relative(ROOT, resolve(ROOT, dirname(file), specifier)));
}

function layerOf(file: string): string {
  const [top = '', second = ''] = file.split('/');
  return top === 'src' ? second : top;
}

const files = [...sources('src'), ...sources('playbooks')];

describe('the layers', () => {
  it('are all in docs/architecture.md', () => {
    expect([...new Set(files.map(layerOf))].filter((layer) => !MAY_IMPORT.has(layer))).toEqual([]);
  });

  it('import in one direction only', () => {
    const breaches = files.flatMap((file) =>
      localImports(file)
        .filter((imported) => {
          const from = layerOf(file);
          const to = layerOf(imported);
          return from !== to && !(MAY_IMPORT.get(from) ?? []).includes(to);
        })
        .map((imported) => `${file} imports ${imported}`),
    );
    expect(breaches).toEqual([]);
  });

  it('have no circle of imports', () => {
    const circles: string[] = [];
    const state = new Map<string, 'open' | 'closed'>();
    const visit = (file: string, path: readonly string[]): void => {
      if (state.get(file) === 'closed') return;
      if (state.get(file) === 'open') {
        circles.push([...path.slice(path.indexOf(file)), file].join(' -> '));
        return;
      }
      state.set(file, 'open');
      for (const imported of localImports(file)) visit(imported, [...path, file]);
      state.set(file, 'closed');
    };
    for (const file of files) visit(file, []);
    const lengths = files.map(
      (file) => [readFileSync(join(ROOT, file), 'utf8').split('\n').length, file] as const,
    );
    const [lines, longest] = lengths.reduce((one, other) => (other[0] > one[0] ? other : one));
    process.stdout.write(
      `sources: ${files.length} files, ${circles.length} circles of imports, the longest ${lines} lines (${longest})\n`,
    );
    expect(circles).toEqual([]);
  });

  it('let playbooks import only the public API and each other', () => {
    const breaches = sources('playbooks').flatMap((file) =>
      importsOf(file)
        .filter((specifier) => !specifier.startsWith('.') && !OF_PLAYBOOKS.includes(specifier))
        .map((specifier) => `${file} imports ${specifier}`),
    );
    expect(breaches).toEqual([]);
  });

  it('let the engine import playbooks only through playbooks/index.ts', () => {
    const breaches = sources('src').flatMap((file) =>
      localImports(file)
        .filter((imported) => layerOf(imported) === 'playbooks' && imported !== 'playbooks/index.ts')
        .map((imported) => `${file} imports ${imported}`),
    );
    expect(breaches).toEqual([]);
  });

  it('let playbooks import from each other only what docs/architecture.md publishes', () => {
    const ownerOf = (file: string): string => file.split('/')[1] ?? '';
    const imports = sources('playbooks')
      .filter((file) => file !== 'playbooks/index.ts')
      .flatMap((file) => localImports(file).map((imported) => ({ file, imported })))
      .filter(({ file, imported }) => ownerOf(file) !== ownerOf(imported));
    const breaches = imports.filter(
      ({ file, imported }) =>
        imported.endsWith('/playbook.ts') || !PUBLISHED.get(ownerOf(imported))?.includes(ownerOf(file)),
    );
    expect(breaches.map(({ file, imported }) => `${file} imports ${imported}`)).toEqual([]);
    // The table lists no imports that do not exist.
    const used = new Set(imports.map(({ file, imported }) => `${ownerOf(imported)} by ${ownerOf(file)}`));
    const written = [...PUBLISHED].flatMap(([folder, users]) => users.map((user) => `${folder} by ${user}`));
    expect(written.filter((entry) => !used.has(entry))).toEqual([]);
  });

  it('keep operations free of connections, and the runner free of terminals', () => {
    const heavy = ['ssh2', 'node-ssh', 'listr2', 'commander'];
    const breaches = files
      .filter((file) =>
        ['operations', 'playbook', 'playbooks', 'planner', 'runner', 'preflight', 'cloud'].includes(
          layerOf(file),
        ),
      )
      .flatMap((file) =>
        importsOf(file)
          .filter((name) => heavy.includes(name))
          .map((name) => `${file}: ${name}`),
      );
    expect(breaches).toEqual([]);
  });
});

/** Ways to read the settings of a playbook without its reader. */
const RAW_READS: readonly RegExp[] = [
  // By the name of a key.
  /\bsettings\??\.?\[\s*['"`]/,
  // From an inventory, followed by anything: a key, a cast.
  /\binventory\??\.settings\b(?!\[(?:playbook|section)\.name\])/,
  // Destructured, as a parameter or a value.
  /\{[^{}]*\bsettings\b[^{}]*\}\s*:\s*(?:Pick<\s*)?Inventory\b/,
  /\{[^{}]*\bsettings\b[^{}]*\}\s*=\s*(?:\w+\.)*inventory\b/,
];

/** Files that pass all settings to their owners, and read none. */
const HAND_ON = ['src/cli/admission.ts', 'src/cli/deployment.ts'];

/** Code without comments. */
function withoutComments(code: string): string {
  return code.replace(/\/\*[\s\S]*?\*\/|(?<!:)\/\/.*$/gm, '');
}

function rawReads(code: string): readonly string[] {
  const bare = withoutComments(code);
  return RAW_READS.flatMap((pattern) => pattern.exec(bare)?.[0] ?? []);
}

describe('settings of a playbook', () => {
  it('are read only through settingsOf of their own playbook', () => {
    const found = files
      .filter((file) => !HAND_ON.includes(file))
      .flatMap((file) => rawReads(readFileSync(join(ROOT, file), 'utf8')).map((read) => `${file}: ${read}`));
    expect(found).toEqual([]);
  });

  it.each([
    "const own = inventory.settings['rabbitmq'] as { queues?: string };",
    'const { rabbitmq } = inventory.settings as Settings;',
    'const own = context.inventory.settings.rabbitmq;',
    "function group({ settings }: Pick<Inventory, 'settings'>) { return settings['pacemaker']; }",
    'const { hosts, settings } = context.inventory;',
    "return settings['galera'];",
  ])('are found if read as in: %s', (code) => {
    expect(rawReads(code)).not.toEqual([]);
  });

  it.each([
    'validate?.(inventory, inventory.settings[section.name])',
    'const { settings } = context;',
    'const asked = settingsOf(inventory).queues;',
    "// as in inventory.settings['galera']",
  ])('are not reported as read in: %s', (code) => {
    expect(rawReads(code)).toEqual([]);
  });
});

it('no file is longer than 500 lines', () => {
  const long = [...files, ...sources('test')].filter(
    (file) => readFileSync(join(ROOT, file), 'utf8').split('\n').length > LONGEST,
  );
  expect(long).toEqual([]);
});
