import { describe, expect, it } from 'vitest';
import { withoutHost } from '../../src/inventory/without-host.ts';

type Case = readonly [name: string, before: string, after: string | undefined];

const cases: readonly Case[] = [
  [
    'an entry on one line goes with its comment',
    `# The site.
hosts:
  # Rack 1.
  a: { address: 10.0.0.1, roles: [controller] } # first
  b: { address: 10.0.0.2, roles: [controller] }   # second
  c: { address: 10.0.0.3, roles: [controller] }
name: site # kept
`,
    `# The site.
hosts:
  # Rack 1.
  a: { address: 10.0.0.1, roles: [controller] } # first
  c: { address: 10.0.0.3, roles: [controller] }
name: site # kept
`,
  ],
  [
    'an entry on several lines goes whole',
    `hosts:
  a:
    address: 10.0.0.1
  b:
    address: 10.0.0.2
    roles:
      - controller
      - network

  c:
    address: 10.0.0.3
vips: {}
`,
    `hosts:
  a:
    address: 10.0.0.1

  c:
    address: 10.0.0.3
vips: {}
`,
  ],
  [
    'the last entry of a file without a line break at its end',
    `hosts:
  a: { address: 10.0.0.1 }
  b: { address: 10.0.0.2 }`,
    `hosts:
  a: { address: 10.0.0.1 }
`,
  ],
  [
    'lists of holders lose its name, roles and others stay',
    `hosts:
  a: { address: 10.0.0.1 }
  b: { address: 10.0.0.2 }
vips:
  api: { address: 10.0.0.20/24, on: [b, a, "loadbalancer"] } # public
  database:
    on:
      - a
      - b # the old one
    address: 10.0.0.21/24
  one: { on: b }
`,
    `hosts:
  a: { address: 10.0.0.1 }
vips:
  api: { address: 10.0.0.20/24, on: [a, "loadbalancer"] } # public
  database:
    on:
      - a
    address: 10.0.0.21/24
  one: { on: b }
`,
  ],
  [
    'hosts in one line are written anew',
    'hosts: { a: { address: 10.0.0.1 }, b: { address: 10.0.0.2 } } # all\n',
    'hosts: { a: { address: 10.0.0.1 } } # all\n',
  ],
  ['a host that is not listed', 'hosts:\n  a: { address: 10.0.0.1 }\n', undefined],
];

describe('an inventory without a host', () => {
  it.each(cases)('%s', (_, before, after) => {
    expect(withoutHost(before, 'b')).toBe(after);
  });
});
