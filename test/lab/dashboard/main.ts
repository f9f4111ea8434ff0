import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { ROOT } from '../paths.ts';
import { secretValues } from '../support/secrets.ts';
import { picturesOf } from './pictures.ts';
import { savePictures } from './save-pictures.ts';

const inventory = process.argv[2] ?? join(ROOT, 'inventory/lab-openstack.yaml');

await savePictures(async () => {
  const { vips } = parse(readFileSync(inventory, 'utf8')) as { vips: { api: { address: string } } };
  const origin = `http://${vips.api.address.replace(/\/.*/, '')}`;
  const { login, overview } = await picturesOf(origin, 'admin', secretValues()['openstackAdmin'] ?? '');
  return { 'horizon-login.png': login, 'horizon-overview.png': overview };
});
