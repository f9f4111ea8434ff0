import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { run } from './run.ts';

/** A package source of this machine. */
interface Source {
  readonly uri: string;
  readonly suites: readonly string[];
  readonly components: readonly string[];
  /** The keyring that signs it; absent for the distribution's own. */
  readonly signedBy: string | undefined;
}

const SUITE = 'bookworm';
const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';

/** This machine's mirror of Debian 12; undefined if it does not run Debian 12. */
export function debianMirror(): string | undefined {
  return machineSources().find(({ suites }) => suites.includes(SUITE))?.uri;
}

/**
 * Writes the apt configuration of this machine into `folder`, laid out as on a host: sources of Debian 12, proxy and date
 * settings, and the machine's own certificates. Writes no sources if this machine does not run Debian 12.
 */
export async function writeMachineFiles(folder: string): Promise<void> {
  const sources = machineSources();
  if (sources.some(({ suites }) => suites.includes(SUITE))) {
    write(join(folder, 'etc/apt/sources.list.d/lab.sources'), sources.map(stanza).join('\n'));
    for (const { signedBy = KEYRING } of sources) {
      if (existsSync(signedBy)) copy(signedBy, join(folder, signedBy));
    }
  }
  const settings = (await run('apt-config', ['dump', 'Acquire'])).stdout
    .split('\n')
    .filter((line) => /^Acquire::(Check-\S+|https?::\S*Proxy\S*) ".+";$/.test(line));
  if (settings.length > 0) write(join(folder, 'etc/apt/apt.conf.d/90lab'), `${settings.join('\n')}\n`);
  // For sources over https: the ca-certificates package can only be installed from them.
  const bundle = '/etc/ssl/certs/ca-certificates.crt';
  if (sources.some(({ uri }) => uri.startsWith('https:')) && existsSync(bundle))
    copy(bundle, join(folder, bundle));
  const certificates = '/usr/local/share/ca-certificates';
  if (existsSync(certificates)) copy(certificates, join(folder, certificates));
}

/** The machine's sources of Debian 12, without third-party ones. */
function machineSources(): Source[] {
  const folder = '/etc/apt/sources.list.d';
  const parts = existsSync(folder) ? readdirSync(folder).sort() : [];
  return (
    ['/etc/apt/sources.list', ...parts.map((part) => join(folder, part))]
      .filter((file) => existsSync(file))
      .flatMap((file) => (file.endsWith('.sources') ? fromStanzas(read(file)) : fromLines(read(file))))
      .filter(({ suites, components }) => {
        return suites.every((suite) => suite.startsWith(SUITE)) && components.includes('main');
      })
      // Excludes `cloud-sdk main` and the like: Debian's suites begin with its codename, and the URL ends in the archive's name.
      .filter(({ uri }) => /\/debian(-security|-updates)?\/?$/.test(uri))
  );
}

/** Sources in the one-line form: `deb [signed-by=FILE] URI SUITE COMPONENT...`. */
function fromLines(text: string): Source[] {
  return text.split('\n').flatMap((line) => {
    const match = /^deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)\s+(.+)$/.exec(line.trim());
    if (!match) return [];
    const [, options = '', uri = '', suite = '', components = ''] = match;
    const signedBy = /signed-by=(\S+)/i.exec(options)?.[1];
    return [{ uri, suites: [suite], components: words(components), signedBy }];
  });
}

/** Sources in the form of stanzas (deb822). */
function fromStanzas(text: string): Source[] {
  return text.split(/\n\s*\n/).flatMap((part) => {
    const lines = part.split('\n').filter((line) => !line.startsWith('#'));
    const field = (name: string): string => {
      const line = lines.find((each) => each.toLowerCase().startsWith(`${name.toLowerCase()}:`));
      return line?.slice(name.length + 1).trim() ?? '';
    };
    if (!words(field('Types')).includes('deb') || field('Enabled') === 'no') return [];
    const signedBy = field('Signed-By').startsWith('/') ? field('Signed-By') : undefined;
    const rest = { suites: words(field('Suites')), components: words(field('Components')), signedBy };
    return words(field('URIs')).map((uri) => ({ uri, ...rest }));
  });
}

function stanza(source: Source): string {
  return [
    'Types: deb',
    `URIs: ${source.uri}`,
    `Suites: ${source.suites.join(' ')}`,
    `Components: ${source.components.join(' ')}`,
    `Signed-By: ${source.signedBy ?? KEYRING}`,
    '',
  ].join('\n');
}

function words(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}

function read(file: string): string {
  return readFileSync(file, 'utf8');
}

function write(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}

function copy(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true });
  cpSync(from, to, { recursive: true, dereference: true });
}
