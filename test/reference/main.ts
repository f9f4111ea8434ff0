import { writeFileSync } from 'node:fs';
import { generated, pageFiles, pathOf } from './pages.ts';

for (const file of pageFiles()) {
  writeFileSync(pathOf(file), await generated(file));
  process.stdout.write(`${file}\n`);
}
