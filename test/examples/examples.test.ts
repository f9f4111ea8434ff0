import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROLE_WORDS } from '../../src/inventory/roles.ts';
import { allCommands, parsed, readingProgram, shownIn } from './commands.ts';
import type { Call } from './commands.ts';
import { knownNames, mistakesIn, samplesIn } from './inventories.ts';
import { COMPUTED } from './literals.ts';
import { documentTexts, helpTexts, inventoryTexts, programTexts, ROOT, type Text } from './texts.ts';

const texts = {
  'the help of every verb': helpTexts(),
  'README and docs': documentTexts(),
  'the inventories that come with osha': inventoryTexts(),
  'the texts of the program': programTexts(),
};
const sources = Object.keys(texts) as (keyof typeof texts)[];

const commands = allCommands(readingProgram()).filter((command) => command.commands.length === 0);
const verbs = new Set(readingProgram().commands.map((command) => command.name()));
const known = knownNames();
const options = new Set([
  '--help',
  '--version',
  ...commands.flatMap((command) => command.options.map(({ long }) => long ?? '')),
]);

/** Programs of the hosts and of the operator's, whose options stand in texts too. */
const OTHER_PROGRAM =
  /\b(?:age-keygen|apt-get|busybox|chown|cibadmin|crm_\w+|cp|env|gluster|install|ln|setpriv|stat|sysctl|systemd-\w+|tar|uwsgi|curl|dpkg-query|etcd|etcdctl|git|journalctl|keepalived|logrotate|mariabackup|mariadb|my_print_defaults|mariadb-install-db|[\w-]+-manage|npm|openstack|pcs|resource create|rabbitmqctl|runuser|ssh|systemctl|sysctl|useradd|vitest)\b/;

/** An inventory that the reader has, rather than one of this repository. */
const OF_THE_READER = /^(?:INVENTORY|(?:\w+\/)?inventory\.yaml)$/;

/** Whether only the reader, or the program as it runs, knows what stands there. */
function isOpen(word: string): boolean {
  return word.includes(COMPUTED) || /^[A-Z][A-Z_]*(?:\.ts)?$/.test(word);
}

function faultsOf({ verb, operands, options: given }: Call): readonly string[] {
  const inventory = operands.get('inventory')?.[0] ?? 'INVENTORY';
  const hosts = known.hosts.get(inventory);
  const names = (option: string): readonly string[] => (given[option] ?? []) as readonly string[];
  // With `backup`, `--from` names a host.
  const member = verb === 'backup' ? (given['from'] as string | undefined) : undefined;
  const from =
    verb === 'backup'
      ? undefined
      : (given['from'] as { readonly phase: string; readonly step?: string } | undefined);
  const isHost = (name: string): boolean =>
    (ROLE_WORDS as readonly string[]).includes(name) ||
    isOpen(name) ||
    (hosts ?? ['controller1', 'controller2', 'controller3']).includes(name);
  const step = from?.step === undefined || isOpen(from.step) ? undefined : `${from.phase}:${from.step}`;
  return [
    ...(hosts || isOpen(inventory) || OF_THE_READER.test(inventory) || inventory === 'undefined'
      ? []
      : [`there is no inventory ${inventory}`]),
    ...[...names('only'), ...names('skip'), ...(from ? [from.phase] : [])]
      .filter((name) => !known.phases.has(name) && !isOpen(name))
      .map((name) => `there is no phase ${name}`),
    ...(step === undefined || (known.stepsOf.get(inventory) ?? known.steps).has(step)
      ? []
      : [`there is no step ${step}`]),
    ...[...names('limit'), ...names('on'), ...(member === undefined ? [] : [member])]
      .filter((name) => !isHost(name))
      .map((name) => `there is no host ${name}`),
    ...(operands.get('secret') ?? [])
      .filter((name) => !known.secrets.has(name) && !isOpen(name))
      .map((name) => `there is no secret ${name}`),
    ...(verb === 'run' && !/\.ts$|^\{computed\}$/.test(operands.get('playbook')?.[0] ?? '')
      ? ['no playbook is named']
      : []),
  ];
}

/** What is wrong with the calls of osha in a text. */
function wrongCalls({ at, text, kind, language }: Text): readonly string[] {
  if (language !== undefined && language !== 'sh') return [];
  const isCode = kind === 'code' || kind === 'mention';
  return shownIn(text, verbs, isCode).flatMap((words) => {
    const made = parsed(words);
    if (made === undefined) return [];
    // Prose may speak of a verb, or of one with an option; code and hints are there to be typed.
    if ('isIncomplete' in made && made.isIncomplete && kind !== 'code' && kind !== 'hint') return [];
    const faults = 'refused' in made ? [made.refused] : faultsOf(made);
    return faults.map((fault) => `${at}: osha ${words.join(' ')}: ${fault}`);
  });
}

/** Options that are none, beside calls of osha and of other programs. */
function unknownOptions({ at, text, kind, language }: Text): readonly string[] {
  if (language !== undefined && language !== 'sh') return [];
  // What the program has in several lines is a script or a file; help is looked at by itself.
  if (kind === 'hint' && text.includes('\n')) return [];
  return [...text.matchAll(/(?<=^|[\s"'`(])--[a-z][a-z-]+/g)]
    .filter(({ 0: option, index }) => !options.has(option) && !isOfAnother(text.slice(0, index)))
    .map(({ 0: option }) => `${at}: ${option}`);
}

/** What stands before an option belongs to another program: it names one, or is a piece of a command. */
function isOfAnother(before: string): boolean {
  return OTHER_PROGRAM.test(before) || /^\s*(?:\{computed\})?\s*(?:$|-)/.test(before);
}

describe.each(sources)('%s', (source) => {
  const all = texts[source];

  it('shows only calls of osha that the program accepts', () => {
    expect(all.flatMap(wrongCalls)).toEqual([]);
  });

  it('names only options that there are', () => {
    expect(all.flatMap(unknownOptions)).toEqual([]);
  });

  it('names only phases and steps that there are', () => {
    const named = new RegExp(
      `(?<![\\w./:-])(${[...known.phases].join('|')}):([a-z][a-z0-9]*(?:-[a-z0-9]+)+)`,
      'g',
    );
    const wrong = all.flatMap(({ at, text }) => [
      ...[...text.matchAll(named)]
        .filter(([step]) => !known.steps.has(step))
        .map(([step]) => `${at}: ${step}`),
      // A name with a number is a host: `osha backup --from`.
      ...[...text.matchAll(/--(?:only|skip|from)[ =]([a-z][a-z-]*)(?![a-z0-9-])/g)]
        .filter(([, phase = '']) => !known.phases.has(phase) && !['and', 'names', 'take'].includes(phase))
        .map(([shown]) => `${at}: ${shown}`),
    ]);
    expect(wrong).toEqual([]);
  });

  it('names only secrets that there are', () => {
    const endings = new Set([...known.secrets].flatMap((name) => /[A-Z][a-z]+$/.exec(name) ?? []));
    const looksLikeOne = new RegExp(
      `(?<![\\w./-])[a-z]+(?:[A-Z][a-z]+)*(?:Password|${[...endings].join('|')})(?!\\w)`,
      'g',
    );
    const wrong = all
      .filter(({ kind, text }) => kind !== 'hint' || text.includes(' '))
      .flatMap(({ at, text }) =>
        [...text.matchAll(looksLikeOne)]
          .filter(([name]) => !known.secrets.has(name))
          .map(([name]) => `${at}: ${name}`),
      );
    expect(wrong).toEqual([]);
  });

  it('shows only samples of an inventory that are valid', () => {
    const wrong = all.flatMap(({ at, text, kind, language }) => {
      const samples = language === 'yaml' ? [text] : kind === 'code' ? [] : samplesIn(text);
      return samples.flatMap((sample) => mistakesIn(sample).map((mistake) => `${at}: ${mistake}`));
    });
    expect(wrong).toEqual([]);
  });

  it('names only inventories of this repository that are there', () => {
    const wrong = all.flatMap(({ at, text }) =>
      [...text.matchAll(/(?<![\w/])inventory\/[\w-]+\.yaml/g)]
        .filter(([file]) => !existsSync(join(ROOT, file)))
        .map(([file]) => `${at}: ${file}`),
    );
    expect(wrong).toEqual([]);
  });

  it('names only scripts that package.json has', () => {
    const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
      readonly scripts: Readonly<Record<string, string>>;
    };
    const wrong = all.flatMap(({ at, text }) =>
      [...text.matchAll(/\bnpm run ([\w:-]+)/g)]
        .filter(([, script = '']) => !(script in scripts))
        .map(([shown]) => `${at}: ${shown}`),
    );
    expect(wrong).toEqual([]);
  });
});

describe('README and docs', () => {
  /** Of the repository, of the engine, of the playbooks. */
  const roots = ['', 'src', 'playbooks'];
  const folders = roots.flatMap((root) =>
    readdirSync(join(ROOT, root), { withFileTypes: true }).filter((entry) => entry.isDirectory()),
  );
  const beginnings = new Set(folders.map(({ name }) => name));

  it('name only files and folders that there are', () => {
    const wrong = texts['README and docs']
      .filter(({ kind }) => kind === 'mention')
      .filter(({ text }) => /^[\w-]+\/[\w./-]*$/.test(text) && beginnings.has(text.split('/')[0] ?? ''))
      // What a build makes, a run, or a reader.
      .filter(({ text }) => !text.startsWith('dist/'))
      .filter(({ text }) => !/^[A-Z]/.test(text.split('/').at(-1) ?? ''))
      .filter(({ text }) => !roots.some((root) => existsSync(join(ROOT, root, text))))
      .map(({ at, text }) => `${at}: ${text}`);
    expect(wrong).toEqual([]);
  });

  it('link only to files and headings that there are', () => {
    const slugsOf = (file: string): readonly string[] =>
      [...readFileSync(file, 'utf8').matchAll(/^#+ (.*)$/gm)].map(([, title = '']) =>
        title
          .toLowerCase()
          .replace(/[^\w -]/g, '')
          .replaceAll(' ', '-'),
      );
    const wrong = texts['README and docs']
      .filter(({ kind }) => kind === 'prose')
      .flatMap(({ at, text }) =>
        [...text.matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)/g)]
          .filter(([, path = '', heading]) => {
            const here = at.replace(/:\d+$/, '');
            const file = join(ROOT, path === '' ? here : join(dirname(here), path));
            return !existsSync(file) || (heading !== undefined && !slugsOf(file).includes(heading));
          })
          .map(([link]) => `${at}: ${link}`),
      );
    expect(wrong).toEqual([]);
  });
});

describe('a hint', () => {
  it('shows a deployment as a call that can be pasted, not as words about one', () => {
    const wrong = texts['the texts of the program'].flatMap(({ at, text }) =>
      /(?<!osha )\bdeploy(?:ed)?(?: with)? --[a-z]/.test(text) && !/same as deploy/.test(text)
        ? [`${at}: ${text}`]
        : [],
    );
    expect(wrong).toEqual([]);
  });
});

describe('a wrong example is found where it stands', () => {
  const wrongIn = (text: string, kind: Text['kind'], language?: string): readonly string[] => [
    ...wrongCalls({ at: 'here', text, kind, language }),
    ...unknownOptions({ at: 'here', text, kind, language }),
  ];

  it.each<[string, Text['kind'], string]>([
    ['npx osha deplyo inventory/lab.yaml', 'code', "unknown command 'deplyo'"],
    ['osha deploy inventory/lab.yaml && osha status', 'code', "missing required argument 'inventory'"],
    ['eval "$(osha openrc inventory/nowhere.yaml)"', 'code', 'there is no inventory inventory/nowhere.yaml'],
    ['osha deploy inventory/lab.yaml --only galeria', 'mention', 'there is no phase galeria'],
    ['osha deploy INVENTORY --from galera:no-such-step', 'mention', 'there is no step galera:no-such-step'],
    ['osha deploy inventory/lab.yaml --from glance:install', 'code', 'there is no step glance:install'],
    ['osha exec inventory/lab.yaml --on compute7 -- uptime', 'code', 'there is no host compute7'],
    ['to see it: osha status', 'hint', "missing required argument 'inventory'"],
    ['see "osha status INVENTORY --all" for more', 'hint', "unknown option '--all'"],
    ['osha rekover INVENTORY galera', 'hint', "unknown command 'rekover'"],
    ['osha deploy INVENTORY --only galera lets members join', 'hint', 'too many arguments'],
    ['osha secrets rotate INVENTORY rabbitmqPassword', 'prose', 'there is no secret rabbitmqPassword'],
    ['it is stopped with --onyl', 'hint', '--onyl'],
  ])('%s', (text, kind, fault) => {
    expect(wrongIn(text, kind, kind === 'code' ? 'sh' : undefined).join('\n')).toContain(fault);
  });

  it.each([
    'osha itself failed: {computed}',
    'made by osha and noted as its own',
    'see "journalctl -u {computed}" on {computed}, or osha deploy INVENTORY --only galera',
    'osha exec INVENTORY --on {computed} -- uptime',
    'pcs status --full',
  ])('and a right one is left alone: %s', (text) => {
    expect(wrongIn(text, 'hint')).toEqual([]);
  });

  it.each([
    ['vips: { api: { address: 10.0.0.20, interface: eth0 } }', 'network'],
    ['galera: { writer: all }', 'writer'],
    [
      'hosts:\n  a: { address: 10.0.0.40, roles: [compute] }\n  a: { address: 10.0.0.41, roles: [compute] }',
      'twice',
    ],
    ['galera: {', 'closed'],
  ])('as a sample of an inventory: %s', (sample, words) => {
    expect(mistakesIn(sample).join('\n')).toContain(words);
  });
});
