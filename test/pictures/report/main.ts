import { writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { ROOT } from '../../lab/paths.ts';
import { LabError } from '../../lab/run.ts';
import { showSamplePage } from './picture.ts';

try {
  const { light } = await showSamplePage();
  const file = join(ROOT, 'docs/run-report.png');
  writeFileSync(file, light);
  process.stdout.write(`${relative(process.cwd(), file)} (${Math.round(light.length / 1000)} kB)\n`);
} catch (error) {
  if (!(error instanceof LabError)) throw error;
  process.stderr.write(`error: ${error.message}\n${error.hint === undefined ? '' : `hint: ${error.hint}\n`}`);
  process.exitCode = 1;
}
