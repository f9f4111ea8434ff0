import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { playbooks } from '../../playbooks/index.ts';

const FOLDER = join(import.meta.dirname, '../../playbooks');

describe('a system with an algorithm over all its members', () => {
  it.each(
    playbooks.filter(({ name }) => existsSync(join(FOLDER, name, 'cluster'))).map((one) => [one.name, one]),
  )('%s says itself whether it can spare a host', (_, playbook) => {
    expect(Object.keys(playbook)).toContain('life');
  });
});
