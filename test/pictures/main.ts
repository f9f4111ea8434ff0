import { mkdirSync, writeFileSync } from 'node:fs';
import { relative } from 'node:path';
import { architectureNames, drawn, pictureFile, PICTURES } from './pictures.ts';

mkdirSync(PICTURES, { recursive: true });
for (const name of architectureNames()) {
  writeFileSync(pictureFile(name), drawn(name));
  process.stdout.write(`${relative(process.cwd(), pictureFile(name))}\n`);
}
