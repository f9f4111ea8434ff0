import { describe, expect, it } from 'vitest';
import { decideReady } from '../../../../playbooks/pacemaker/cluster/ready.ts';
import { parseResourceState, parseMonitor } from '../../../../playbooks/pacemaker/cluster/resource-state.ts';
import { decideResources } from '../../../../playbooks/pacemaker/cluster/resources.ts';
import { ProbeError } from '../../../../src/playbook/operation.ts';
import { clones, fixture, grouped } from './desires.ts';

const CIB = fixture('cib.xml');
const GROUPED = fixture('cib-group.xml');
const MONITOR = fixture('crm-mon.xml');

/** Reads an answer and decides on it. Returns the fault, where the answer is one; throws what would be a defect of osha. */
function judged(cib: string, monitor: string): string | undefined {
  try {
    const state = parseResourceState(`${cib}-- status\n${monitor}`);
    for (const desired of [clones, grouped]) {
      decideResources(desired, state);
      decideReady(desired, new Map([['controller1', { reachable: true, observed: state }]]));
    }
    return undefined;
  } catch (error) {
    if (error instanceof ProbeError) return error.message;
    throw error;
  }
}

describe('damaged cluster output is reported as unexpected, not as a defect of osha:', () => {
  it.each<[string, string, RegExp]>([
    ['cut short', CIB.slice(0, CIB.length / 2), /^Pacemaker runs here, but its output cannot be parsed/],
    [
      'with an element closed twice',
      CIB.replace('</resources>', '</resources></resources>'),
      /no XML: Opening and ending tag mismatch/,
    ],
    ['with control characters', CIB.replace('<resources>', '<resources>\0<\u0001>'), /no XML/],
    ['without a configuration', '<cib><status/></cib>\n', /it has no configuration/],
    [
      'with an entity that XML does not know',
      CIB.replace('172.29.77.20', '&constructor;'),
      /no XML: entity not found/,
    ],
    ['of two roots', `${CIB}${CIB}`, /one element/],
    ['empty', '', /^Pacemaker is not running here/],
  ])('%s', (_what, cib, said) => {
    expect(judged(cib, MONITOR)).toMatch(said);
  });

  it.each([
    ['configuration', CIB, (text: string) => judged(text, MONITOR)],
    ['configuration with a group', GROUPED, (text: string) => judged(text, MONITOR)],
    ['state', MONITOR, (text: string) => judged(CIB, text)],
  ])('any line or attribute of the %s is missing', (_what, whole, judge) => {
    const lines = whole.split('\n');
    const attributes = [...whole.matchAll(/ [\w-]+="[^"]*"/g)];
    for (const index of lines.keys()) judge(lines.toSpliced(index, 1).join('\n'));
    for (const { index, 0: text } of attributes) {
      judge(whole.slice(0, index) + whole.slice(index + text.length));
      judge(`${whole.slice(0, index)}${text.replace(/"[^"]*"/, '"(*["')}${whole.slice(index + text.length)}`);
    }
  });
});

it('a failure with an unusual task is reported unchanged', () => {
  const xml = fixture('crm-mon-haproxy-failed.xml').replace(/ task="[^"]*"/g, ' task="(["');
  expect(() => parseMonitor(xml)).not.toThrow();
});
