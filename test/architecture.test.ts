import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = resolve(import.meta.dirname, '..');

/** What each layer may import besides itself. Imports point one way: a layer stands above all that it names. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  text: [],
  yaml: [],
  secrets: ['yaml', 'text'],
  platform: [],
  inventory: ['secrets', 'yaml'],
  playbook: ['inventory', 'secrets', 'platform'],
  operations: ['playbook', 'inventory', 'secrets', 'platform'],
  preflight: ['playbook', 'inventory', 'secrets', 'platform'],
  planner: ['playbook', 'inventory', 'secrets', 'platform'],
  transport: ['inventory', 'secrets'],
  cloud: ['transport', 'inventory', 'secrets'],
  runner: ['planner', 'playbook', 'transport', 'inventory', 'secrets'],
  journal: ['runner', 'planner', 'playbook', 'text'],
  render: ['runner', 'cloud', 'planner', 'playbook', 'inventory', 'text'],
  'index.ts': ['playbook', 'operations', 'platform', 'secrets', 'inventory'],
  cli: [
    'index.ts',
    'render',
    'journal',
    'runner',
    'cloud',
    'planner',
    'preflight',
    'transport',
    'operations',
    'playbook',
    'platform',
    'inventory',
    'secrets',
    'yaml',
    'text',
    'playbooks',
  ],
  playbooks: [],
};

/** Longest file, in lines, before it is asked whether it holds two concepts. */
const LONGEST = 500;

function sources(folder: string): readonly string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)));
}

function importsOf(file: string): readonly string[] {
  const code = readFileSync(join(ROOT, file), 'utf8');
  return [...code.matchAll(/(?<![-\w])(?:from|import)\s*\(?\s*'([^']+)'/g)].map((match) => match[1] ?? '');
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
  it('are all known to this test', () => {
    expect([...new Set(files.map(layerOf))].filter((layer) => !(layer in MAY_IMPORT))).toEqual([]);
  });

  it('import one way only', () => {
    const breaches = files.flatMap((file) =>
      localImports(file)
        .filter((imported) => {
          const from = layerOf(file);
          const to = layerOf(imported);
          return from !== to && !(MAY_IMPORT[from] ?? []).includes(to);
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
    expect(circles).toEqual([]);
  });

  it('let playbooks import only the public face, and each other', () => {
    const breaches = sources('playbooks').flatMap((file) =>
      importsOf(file)
        .filter((specifier) => !specifier.startsWith('.') && specifier !== 'osha' && specifier !== 'zod')
        .map((specifier) => `${file} imports ${specifier}`),
    );
    expect(breaches).toEqual([]);
  });

  it('keep operations away from connections, and the runner away from terminals', () => {
    const heavy = ['ssh2', 'node-ssh', 'listr2', 'commander'];
    const breaches = files
      .filter((file) =>
        ['operations', 'playbook', 'planner', 'runner', 'preflight', 'cloud'].includes(layerOf(file)),
      )
      .flatMap((file) =>
        importsOf(file)
          .filter((name) => heavy.includes(name))
          .map((name) => `${file}: ${name}`),
      );
    expect(breaches).toEqual([]);
  });
});

it('no file is longer than one idea', () => {
  const long = [...files, ...sources('test')].filter(
    (file) => readFileSync(join(ROOT, file), 'utf8').split('\n').length > LONGEST,
  );
  expect(long).toEqual([]);
});
