import { describe, expect, it } from 'vitest';
import { block, withBlock } from '../../src/operations/hosts-file.ts';

const ENTRIES = [
  { address: '10.0.0.11', names: ['controller1'] },
  { address: '10.0.0.20', names: ['api', 'controller'] },
];
const BLOCK = '# osha: begin\n10.0.0.11 controller1\n10.0.0.20 api controller\n# osha: end\n';

describe('the block of names in /etc/hosts', () => {
  it.each([
    ['an empty file', '', BLOCK],
    ['a file of its own', '127.0.0.1 localhost\n', `127.0.0.1 localhost\n\n${BLOCK}`],
    ['a file without a newline at its end', '127.0.0.1 localhost', `127.0.0.1 localhost\n\n${BLOCK}`],
    [
      'an installer that gave the host a loopback address',
      '127.0.0.1 localhost\n127.0.1.1 controller1\n',
      `127.0.0.1 localhost\n\n${BLOCK}`,
    ],
    [
      'a loopback line with other names on it',
      '127.0.1.1 controller1.example.net controller1 # by the installer\n',
      `127.0.1.1 controller1.example.net # by the installer\n\n${BLOCK}`,
    ],
    ['a line that says the same', '10.0.0.11\tcontroller1\n', `10.0.0.11\tcontroller1\n\n${BLOCK}`],
    ['a name commented out', '# 127.0.1.1 controller1\n', `# 127.0.1.1 controller1\n\n${BLOCK}`],
    [
      'an older block',
      `127.0.0.1 localhost\n\n# osha: begin\n10.0.0.9 old\n# osha: end\n`,
      `127.0.0.1 localhost\n\n${BLOCK}`,
    ],
    [
      'a block that lost its end',
      '127.0.0.1 localhost\n\n# osha: begin\n10.0.0.9 old\n',
      `127.0.0.1 localhost\n\n${BLOCK}`,
    ],
    [
      'lines after the block',
      `# osha: begin\n# osha: end\n10.9.9.9 elsewhere\n`,
      `10.9.9.9 elsewhere\n\n${BLOCK}`,
    ],
  ])('in %s', (_what, before, after) => {
    expect(withBlock(before, ENTRIES)).toBe(after);
    expect(withBlock(after, ENTRIES)).toBe(after);
  });

  it('is changed with a diff, or not at all where it is present', () => {
    const operation = block(ENTRIES);
    const [change] = operation.decide('127.0.0.1 localhost\n');
    expect(change?.diff?.after).toContain('10.0.0.20 api controller');
    expect(change?.input).toBe(change?.diff?.after);
    expect(operation.decide(BLOCK)).toEqual([]);
  });

  it('is an error where the file cannot be read', () => {
    expect(() => block(ENTRIES).probe.parse({ stdout: '', stderr: 'I/O error', exitCode: 1 })).toThrow(
      'I/O error',
    );
  });
});
