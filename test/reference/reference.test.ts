import { expect, it } from 'vitest';
import { generated, kept, pageFiles } from './pages.ts';

it.each(pageFiles())('%s is what the sources generate: npm run reference', async (file) => {
  expect(kept(file)).toBe(await generated(file));
});
