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
  [
    'keys and names in quotes',
    `hosts:
  'a': { address: 10.0.0.1 }
  "b": { address: 10.0.0.2 }
vips: { api: { on: ['b', "a"] } }
`,
    `hosts:
  'a': { address: 10.0.0.1 }
vips: { api: { on: ["a"] } }
`,
  ],
  [
    'tabs behind keys and values stay with other entries',
    'hosts:\n  a:\t{ address: 10.0.0.1 }\t# one\n  b:\t{ address: 10.0.0.2 }\t# two\n',
    'hosts:\n  a:\t{ address: 10.0.0.1 }\t# one\n',
  ],
  [
    'line breaks of Windows, and a byte order mark',
    '\uFEFFhosts:\r\n  a: { address: 10.0.0.1 }\r\n  b:\r\n    address: 10.0.0.2\r\n  c: {} # three\r\n',
    '\uFEFFhosts:\r\n  a: { address: 10.0.0.1 }\r\n  c: {} # three\r\n',
  ],
  [
    'comments between entries stay, those within it go',
    `hosts:
  a: { address: 10.0.0.1 }
  # Rack 2.
  b:
    # In the basement.
    address: 10.0.0.2
  # Rack 3.
  c: { address: 10.0.0.3 }
`,
    `hosts:
  a: { address: 10.0.0.1 }
  # Rack 2.
  # Rack 3.
  c: { address: 10.0.0.3 }
`,
  ],
  [
    'a virtual IP whose only holder it is keeps an empty list, for validation to report',
    `hosts:
  a: { address: 10.0.0.1 }
  b: { address: 10.0.0.2 }
vips:
  api: { address: 10.0.0.20/24, on: [b] }
  web:
    on:
      - b
    address: 10.0.0.21/24
`,
    `hosts:
  a: { address: 10.0.0.1 }
vips:
  api: { address: 10.0.0.20/24, on: [] }
  web:
    on: []
    address: 10.0.0.21/24
`,
  ],
  [
    'an entry that is an alias of something that stays',
    `defaults: &host { roles: [controller] }
hosts:
  a: { <<: *host, address: 10.0.0.1 }
  b: *host
`,
    `defaults: &host { roles: [controller] }
hosts:
  a: { <<: *host, address: 10.0.0.1 }
`,
  ],
  [
    'an entry that others take values from by an alias',
    `hosts:
  b: &host { address: 10.0.0.2, roles: [controller] }
  a: { <<: *host, address: 10.0.0.1 }
`,
    undefined,
  ],
  [
    'a list of holders that two virtual IPs share',
    `hosts:
  a: { address: 10.0.0.1 }
  b: { address: 10.0.0.2 }
vips:
  api: { on: &holders [a, b] }
  web: { on: *holders }
`,
    `hosts:
  a: { address: 10.0.0.1 }
vips:
  api: { on: &holders [a] }
  web: { on: *holders }
`,
  ],
  [
    'an entry with an explicit key, and one without a value',
    'hosts:\n  a:\n  ? b\n  : { address: 10.0.0.2 }\n  c: {}\n',
    'hosts:\n  a:\n  c: {}\n',
  ],
  [
    'text that looks like another entry, and a document with its ends marked',
    `---
hosts:
  b:
    note: |
      b: { address: 10.0.0.9 }
  a: { address: 10.0.0.1 }
...
`,
    `---
hosts:
  a: { address: 10.0.0.1 }
...
`,
  ],
  ['a name that is there twice', 'hosts:\n  b: {}\n  b: { address: 10.0.0.2 }\n', undefined],
  ['hosts that are an alias', 'all: &all { b: {} }\nhosts: *all\n', undefined],
  ['text that is no map', '- b\n', undefined],
  ['a host that is not listed', 'hosts:\n  a: { address: 10.0.0.1 }\n', undefined],
];

describe('an inventory without a host', () => {
  it.each(cases)('%s', (_, before, after) => {
    expect(withoutHost(before, 'b')).toBe(after);
  });
});
