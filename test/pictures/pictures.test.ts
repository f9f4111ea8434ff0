import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { architectureNames, drawn, page, pictureFile } from './pictures.ts';

it.each(architectureNames())(
  'the picture of %s is the one that its inventory gives: npm run pictures',
  (name) => {
    expect(readFileSync(pictureFile(name), 'utf8')).toBe(drawn(name));
  },
);

it.each(architectureNames())('the page about architectures shows %s, and names its inventory', (name) => {
  expect(page()).toContain(`(architectures/${name}.svg)`);
  expect(page()).toContain(`(../inventory/${name}.yaml)`);
});
