import { describe, expect, it } from 'vitest';
import { doing, resumesAtSteps } from '../../src/render/progress.ts';

describe('what a run does, by the words that were typed:', () => {
  it.each([
    ['osha deploy inventory/lab.yaml', 'Deploying'],
    ['osha run motd.ts inventory/lab.yaml', 'Deploying'],
    ['osha recover inventory/lab.yaml galera', 'Recovering'],
    ['osha restart inventory/lab.yaml galera', 'Restarting systems of'],
    ['osha host drain inventory/lab.yaml a', 'Draining a host of'],
    ['osha host undrain inventory/lab.yaml a', 'Undraining a host of'],
    ['osha host remove inventory/lab.yaml a --dead', 'Changing the hosts of'],
    ['osha host replace inventory/lab.yaml a b', 'Changing the hosts of'],
    ['osha host add inventory/lab.yaml a', 'Changing the hosts of'],
    // A file or a host is called like a verb.
    ['osha deploy recover.yaml', 'Deploying'],
    ['osha deploy "osha restart"', 'Deploying'],
    ['osha recovery', 'Deploying'],
    // Records of older versions.
    ['', 'Deploying'],
  ])('%s is "%s"', (command, words) => {
    expect(doing({ command })).toBe(words);
    expect(resumesAtSteps({ command })).toBe(words === 'Deploying');
  });
});
