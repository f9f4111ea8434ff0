import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { parseInventory, checkWritten } from '../../src/inventory/load.ts';
import type { SettingsSection } from '../../src/inventory/sections.ts';

const section: SettingsSection = {
  name: 'nova-compute',
  formerly: 'compute',
  title: 'Compute hosts',
  hosts: (inventory) => inventory.hosts,
  settings: z.strictObject({ virtualization: z.enum(['kvm', 'qemu']).default('kvm') }),
  validate: (_inventory, settings) =>
    (settings as { virtualization: string }).virtualization === 'qemu'
      ? [{ severity: 'warning', path: ['nova-compute', 'virtualization'], message: 'slow' }]
      : [],
};

const check = (keys: string) =>
  checkWritten(
    parseInventory(
      '/x/inventory.yaml',
      `name: x\nhosts: { a: { address: 192.0.2.1, roles: [compute] } }\n${keys}`,
    ),
    {
      playbooks: [section],
      platforms: ['debian-12'],
    },
  );

describe('a key by a former name', () => {
  it('is read as the one of the present name', () => {
    const { inventory, problems } = check('compute: { virtualization: qemu }\n');
    expect(inventory?.settings['nova-compute']).toEqual({ virtualization: 'qemu' });
    expect(problems).toMatchObject([{ message: 'slow', line: 3 }]);
  });

  it('has its mistakes reported at their position', () => {
    const { problems } = check('compute: { virtualisation: qemu }\n');
    expect(problems).toMatchObject([{ severity: 'error', line: 3, column: 12 }]);
  });

  it('is refused together with the present one', () => {
    const { problems } = check('compute: {}\nnova-compute: {}\n');
    expect(problems).toMatchObject([
      {
        severity: 'error',
        line: 3,
        message: '"compute" is the former name of "nova-compute", which is set too',
        hint: 'move its settings to "nova-compute"',
      },
    ]);
  });
});
