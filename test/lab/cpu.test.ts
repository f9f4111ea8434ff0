import { expect, it } from 'vitest';
import { inLines, reportOf, usageOf } from './cpu.ts';

const before = usageOf('1000000 .\n500000 init.scope\n200000 system.slice/mariadb.service\n10000000 now\n');
const after = usageOf(
  '3000000 .\n600000 init.scope\n700000 system.slice/mariadb.service\n100000 system.slice/system-osha\\x2dhealth.slice\n20000000 now\n',
);

it('computes the CPU share of each unit between two readings', () => {
  const report = reportOf([
    { name: 'a', before, after },
    { name: 'b', before, after },
  ]);
  expect(report.processors).toBeCloseTo(0.4);
  expect(report.units.map(({ name, processors }) => [name, processors.toFixed(3)])).toEqual([
    ['mariadb', '0.100'],
    ['systemd', '0.020'],
    ['system-osha-health.slice', '0.020'],
  ]);
  expect(inLines(report).at(-1)).toMatch(/ 0\.400$/);
});
