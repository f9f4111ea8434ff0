import { readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { parse } from 'yaml';
import { ROOT } from '../paths.ts';
import { LabError } from '../run.ts';
import { secretValues } from '../support/secrets.ts';
import { picturesOf } from './pictures.ts';

/** The maximum size, for pages read on mobile connections. */
const MOST_BYTES = 200_000;

const inventory = process.argv[2] ?? join(ROOT, 'inventory/lab-openstack.yaml');

try {
  const { vips } = parse(readFileSync(inventory, 'utf8')) as { vips: { api: { address: string } } };
  const origin = `http://${vips.api.address.replace(/\/.*/, '')}`;
  const pictures = await picturesOf(origin, 'admin', secretValues()['openstackAdmin'] ?? '');
  for (const [name, picture] of Object.entries(pictures)) {
    const file = join(ROOT, `docs/horizon-${name}.png`);
    if (picture.length > MOST_BYTES) throw new LabError(`${file} would have ${picture.length} bytes`);
    writeFileSync(file, picture);
    process.stdout.write(`${relative(process.cwd(), file)} (${Math.round(picture.length / 1000)} kB)\n`);
  }
} catch (error) {
  if (!(error instanceof LabError)) throw error;
  process.stderr.write(`error: ${error.message}\n${error.hint === undefined ? '' : `hint: ${error.hint}\n`}`);
  process.exitCode = 1;
}
