import { describe, expect, it } from 'vitest';
import { checkInventory } from '../../src/inventory/load.ts';
import { inventoryTemplate } from '../../src/inventory/template.ts';
import { options } from './sections.ts';
import { inventoryJsonSchema } from '../../src/inventory/schema.ts';

describe('the inventory template', () => {
  const template = inventoryTemplate({ name: 'demo', sections: options.playbooks, schema: './schema.json' });

  it('loads without a warning', () => {
    const { inventory, problems } = checkInventory('inventory.yaml', template, options);
    expect(problems).toEqual([]);
    expect(inventory?.name).toBe('demo');
    expect(inventory?.hosts.map((host) => host.name)).toEqual(['controller1', 'controller2', 'controller3']);
  });

  it('shows every setting so that it is valid with its default when uncommented', () => {
    const [head = '', settings = ''] = template.split('# Everything below');
    const open = settings.replaceAll(/^# (\w+:)$/gm, '$1').replaceAll(/^# {3}/gm, '  ');
    expect(open).toContain('\ngalera:\n  # Who is written to\n  writers: single  # single | all\n');
    const { problems } = checkInventory('inventory.yaml', `${head}# Everything below${open}`, options);
    // What has no default has to be filled in; cinder is for hosts with storage.
    expect(problems.map((found) => found.message)).toEqual([
      'servers: expected a list, found nothing',
      'cinder is set, but no host has the role storage',
      'backend: expected a map, found nothing',
    ]);
  });

  it('keeps to lines that fit a terminal', () => {
    expect(template.split('\n').filter((line) => line.length > 110)).toEqual([]);
  });
});

describe('the JSON Schema', () => {
  const schema = inventoryJsonSchema(options.playbooks, options.platforms);
  const properties = schema['properties'] as Readonly<Record<string, Readonly<Record<string, unknown>>>>;

  it('knows the keys of every inventory and of the playbooks, and no others but x-...', () => {
    const keys = [
      'name',
      'platform',
      'ssh',
      'hosts',
      'vips',
      'drill',
      'playbooks',
      'galera',
      'time',
      'cinder',
    ];
    expect(Object.keys(properties)).toEqual(keys);
    expect(schema['else']).toEqual({ propertyNames: { anyOf: [{ enum: keys }, { pattern: '^x-' }] } });
    expect(schema['patternProperties']).toEqual({ '^x-': {} });
    expect(schema['required']).toEqual(['name', 'hosts']);
  });

  it('offers the platforms, and can be printed', () => {
    expect(properties['platform']?.['enum']).toEqual(['debian-12', 'ubuntu-24.04']);
    expect(JSON.parse(JSON.stringify(schema))).toEqual(schema);
  });
});
