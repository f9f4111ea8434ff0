import { execFileSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';

/** A user created by a test on this machine. */
export interface TestUser {
  readonly name: string;
  readonly password: string;
  remove(): void;
}

/** What sudo allows: everything, everything with the user's password, or nothing. */
export type SudoRule = 'free' | 'password' | 'none';

/** Creates a user with a password; needs root. Throws with a hint if sudo is missing. */
export function makeUser(name: string, sudo: SudoRule): TestUser {
  const password = `pw-${name}-correct-horse`;
  const rule = `/etc/sudoers.d/${name}`;
  try {
    execFileSync('sudo', ['-V'], { stdio: 'ignore' });
  } catch {
    throw new Error('there is no sudo: apt-get install sudo');
  }
  const remove = (): void => {
    rmSync(rule, { force: true });
    try {
      execFileSync('userdel', ['-r', '-f', name], { stdio: 'ignore' });
    } catch {
      // It does not exist.
    }
  };
  remove();
  execFileSync('useradd', ['-m', '-s', '/bin/sh', name]);
  execFileSync('chpasswd', { input: `${name}:${password}\n` });
  if (sudo !== 'none') {
    writeFileSync(rule, `${name} ALL=(ALL) ${sudo === 'free' ? 'NOPASSWD: ' : ''}ALL\n`, { mode: 0o440 });
  }
  return { name, password, remove };
}
