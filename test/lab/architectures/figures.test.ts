import { expect, it } from 'vitest';
import { figuresTable } from './figures.ts';

it('the table of figures has a dash for missing measurements', () => {
  const table = figuresTable(
    new Map([
      ['small', { hosts: 2, failoverMs: new Map() }],
      [
        'large',
        {
          hosts: 9,
          deployMs: 123_456,
          rerunMs: 4321,
          failoverMs: new Map([
            ['api', 2512],
            ['database', 900],
          ]),
        },
      ],
    ]),
  );
  expect(table.split('\n')).toEqual([
    '| architecture | hosts | deploy | rerun | failover of each virtual IP |',
    '| ------------ | ----- | ------ | ----- | --------------------------- |',
    '| small        | 2     | -      | -     | -                           |',
    '| large        | 9     | 123 s  | 4.3 s | api 2.5 s, database 0.9 s   |',
  ]);
});
