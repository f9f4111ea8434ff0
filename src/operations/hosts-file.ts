import type { Operation } from '../playbook/operation.ts';
import { ProbeError } from '../playbook/operation.ts';
import { writeFileScript } from './file-script.ts';

/** An address and the names that resolve to it, the canonical one first. */
export interface HostsEntry {
  readonly address: string;
  readonly names: readonly string[];
}

const PATH = '/etc/hosts';
const BEGIN = '# osha: begin';
const END = '# osha: end';

/** The lines outside osha's block. A block without an end extends to the end of the file. */
function outsideOf(content: string): readonly string[] {
  const lines = content.split('\n');
  const outside: string[] = [];
  let inside = false;
  for (const line of lines) {
    if (line.trim() === BEGIN) inside = true;
    else if (line.trim() === END) inside = false;
    else if (!inside) outside.push(line);
  }
  while (outside.at(-1) === '') outside.pop();
  return outside;
}

/** `line` without names that the block maps to other addresses; `undefined` where no name is left. */
function withoutShadows(line: string, addresses: ReadonlyMap<string, string>): string | undefined {
  const [entry = '', ...comment] = line.split('#');
  const [address, ...names] = entry.trim().split(/\s+/);
  const right = names.filter((name) => (addresses.get(name) ?? address) === address);
  if (right.length === names.length) return line;
  if (right.length === 0) return undefined;
  const kept = [address, ...right].join(' ');
  return comment.length > 0 ? `${kept} #${comment.join('#')}` : kept;
}

/**
 * `content` of a hosts file with osha's block at its end. Names of the block are removed from lines that map them to
 * other addresses: an installer's `127.0.1.1 HOSTNAME` makes cluster members announce themselves on loopback.
 */
export function withBlock(content: string, entries: readonly HostsEntry[]): string {
  const addresses = new Map(
    entries.flatMap(({ address, names }) => names.map((name) => [name, address] as const)),
  );
  const rest = outsideOf(content).flatMap((line) => withoutShadows(line, addresses) ?? []);
  const block = entries.map(({ address, names }) => `${address} ${names.join(' ')}`);
  return [...rest, ...(rest.length > 0 ? [''] : []), BEGIN, ...block, END, ''].join('\n');
}

/** `/etc/hosts` has a block with these entries, and no line that contradicts them; the rest of the file stays. */
export function block(entries: readonly HostsEntry[]): Operation<string> {
  return {
    scope: 'host',
    title: PATH,
    // Only the block: the rest of the file belongs to the host.
    places: { path: PATH, content: withBlock('', entries), mode: 0o644 },
    probe: {
      script: `if [ -e ${PATH} ]; then echo present; cat ${PATH}; else echo missing; fi`,
      reads: [`file:${PATH}`],
      parse: ({ stdout, stderr }) => {
        if (stdout.startsWith('present\n')) return stdout.slice('present\n'.length);
        if (stdout.startsWith('missing')) return '';
        throw new ProbeError(`cannot read ${PATH}: ${stderr.trim() || 'no answer'}`);
      },
    },
    decide: (before) => {
      const after = withBlock(before, entries);
      if (after === before) return [];
      return [
        {
          summary: `change ${PATH}`,
          diff: { path: PATH, before, after },
          script: writeFileScript(PATH, { owner: 'root', group: 'root', mode: 0o644 }),
          input: after,
          touches: [`file:${PATH}`],
        },
      ];
    },
  };
}
