import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import * as file from '../../src/operations/file.ts';
import { Secret } from '../../src/secrets/secret.ts';
import { text } from '../../src/secrets/text.ts';
import { folderForTest } from '../support/temporary-folder.ts';
import { apply, converge, me, pending } from './local.ts';

let folder: string;
beforeEach(() => {
  folder = folderForTest();
});

const at = (name: string): string => join(folder, name);

describe('file.content', () => {
  it('creates a file with its directory, content and mode, and is then content with it', () => {
    const path = at('new/deep/a.conf');
    const changes = converge(file.content(path, { content: 'a = 1\n', ...me, mode: 0o640 }));
    expect(changes.map((change) => change.summary)).toEqual([`create ${path}, and its directory`]);
    expect(readFileSync(path, 'utf8')).toBe('a = 1\n');
    expect(statSync(path).mode & 0o7777).toBe(0o640);
    expect(statSync(at('new')).mode & 0o777).toBe(0o755);
  });

  it('shows what will differ, line by line, before it replaces a file', () => {
    writeFileSync(at('a'), 'old\n');
    const [change] = pending(file.content(at('a'), { content: 'new\n', ...me }));
    expect(change?.diff).toEqual({ path: at('a'), before: 'old\n', after: 'new\n' });
    expect(readFileSync(at('a'), 'utf8')).toBe('old\n');
  });

  it.each([
    ['no newline at the end', 'last line'],
    ['nothing', ''],
    ['quotes, dollars and backslashes', `'a' "b" $HOME \\n \`id\`\n`],
    ['other scripts than Latin', 'Zürich – 東京 🐘\n'],
  ])('writes content with %s as it is', (_what, content) => {
    converge(file.content(at('a'), { content, ...me }));
    expect(readFileSync(at('a'), 'utf8')).toBe(content);
  });

  it('takes a path with spaces and quotes', () => {
    converge(file.content(at(`it's a "file"`), { content: 'x', ...me }));
    expect(readdirSync(folder)).toEqual([`it's a "file"`]);
  });

  it('corrects the mode alone without writing the file again', () => {
    writeFileSync(at('a'), 'same\n');
    chmodSync(at('a'), 0o666);
    const before = statSync(at('a')).ino;
    const changes = converge(file.content(at('a'), { content: 'same\n', ...me, mode: 0o600 }));
    expect(changes.map((change) => change.summary)).toEqual([`change ${at('a')}: mode 0666 to 0600`]);
    expect(statSync(at('a')).ino).toBe(before);
  });

  it('leaves the old file, and nothing else, where the new content is refused', () => {
    writeFileSync(at('a'), 'good\n');
    const validate = 'grep -q good {} || { echo "no good"; exit 1; }';
    const [change] = pending(file.content(at('a'), { content: 'bad\n', ...me, validate }));
    const result = apply(change!);
    expect(result.exitCode).toBe(1);
    expect(result.stderr).toContain('no good');
    expect(result.stderr).toContain('failed validation; the old file is unchanged');
    expect(readFileSync(at('a'), 'utf8')).toBe('good\n');
    expect(readdirSync(folder)).toEqual(['a']);
  });

  it('places content that its validation accepts', () => {
    converge(file.content(at('a'), { content: 'good\n', ...me, validate: 'grep -q good {}' }));
    expect(readFileSync(at('a'), 'utf8')).toBe('good\n');
  });

  it('replaces a symbolic link by the file and leaves what it led to', () => {
    writeFileSync(at('target'), 'theirs\n');
    symlinkSync(at('target'), at('a'));
    const changes = converge(file.content(at('a'), { content: 'ours\n', ...me }));
    expect(changes[0]?.summary).toBe(`replace the symbolic link ${at('a')} to ${at('target')} by a file`);
    expect(readFileSync(at('target'), 'utf8')).toBe('theirs\n');
  });

  it('says so where a directory is in the way', () => {
    mkdirSync(at('a'));
    expect(() => pending(file.content(at('a'), { content: '', ...me }))).toThrow(
      `${at('a')} must be a file, but is a directory: move it away`,
    );
  });

  it('names a binary or a very large file by its size instead of showing it', () => {
    writeFileSync(at('binary'), Buffer.from([0, 1, 2]));
    writeFileSync(at('large'), 'x'.repeat(300_000));
    const before = (name: string): string | undefined =>
      pending(file.content(at(name), { content: 'text', ...me }))[0]?.diff?.before;
    expect(before('binary')).toBe('(3 bytes, not shown)\n');
    expect(before('large')).toBe('(300000 bytes, not shown)\n');
  });

  it('keeps a secret out of everything but the file: script, summary and both sides of the diff', () => {
    const password = new Secret('database', 'gW3rt7zUi9oPlM2n');
    const wanted = text`[client]\nuser = osha\npassword = ${password}\n`;
    writeFileSync(at('a'), '[client]\nuser = root\npassword = formerPassword99\n');
    const operation = file.content(at('a'), { content: wanted, ...me, mode: 0o600 });
    const [change] = pending(operation);
    const seen = JSON.stringify([
      change?.summary,
      change?.diff,
      change?.script,
      operation.probe,
      operation.places,
    ]);
    expect(seen).not.toContain('gW3rt7zUi9oPlM2n');
    expect(seen).not.toContain('formerPassword99');
    expect(change?.diff?.before).toContain('user = root');
    converge(operation);
    expect(readFileSync(at('a'), 'utf8')).toContain('password = gW3rt7zUi9oPlM2n');
  });

  it('refuses a path that is not absolute before any host is asked', () => {
    expect(() => file.content('etc/a', { content: '' })).toThrow('absolute path');
  });
});

describe('file.absent', () => {
  it('removes a file or a link, and has nothing to do where nothing is', () => {
    writeFileSync(at('a'), '');
    symlinkSync('/nowhere', at('b'));
    expect(converge(file.absent(at('a')))).toHaveLength(1);
    expect(converge(file.absent(at('b')))).toHaveLength(1);
    expect(pending(file.absent(at('c/d')))).toEqual([]);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('fails rather than remove a directory that holds something', () => {
    mkdirSync(at('d'));
    writeFileSync(at('d/kept'), '');
    const [change] = pending(file.absent(at('d')));
    expect(apply(change!).exitCode).not.toBe(0);
    expect(readdirSync(at('d'))).toEqual(['kept']);
  });
});

describe('file.directory', () => {
  it('makes the directory and those above it, and corrects its mode', () => {
    converge(file.directory(at('x/y'), { ...me, mode: 0o750 }));
    expect(statSync(at('x/y')).mode & 0o777).toBe(0o750);
    expect(statSync(at('x')).mode & 0o777).toBe(0o755);
    const changes = converge(file.directory(at('x/y'), { ...me, mode: 0o700 }));
    expect(changes.map((change) => change.summary)).toEqual([`change ${at('x/y')}: mode 0750 to 0700`]);
  });

  it('says so where a file is in the way', () => {
    writeFileSync(at('a'), '');
    expect(() => pending(file.directory(at('a'), me))).toThrow('must be a directory, but is a file');
  });
});
