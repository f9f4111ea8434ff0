import { describe, expect, it } from 'vitest';
import { handedOver, type HandoverState } from '../../../src/operations/pacemaker/handover.ts';

const operation = handedOver('app');

function state(active: string, unitFile: string, primitives: number): HandoverState {
  const stdout = `LoadState=loaded\nActiveState=${active}\nUnitFileState=${unitFile}\n-- cluster\n${primitives}\n`;
  return operation.probe.parse({ stdout, stderr: '', exitCode: 0 });
}

describe('a unit that the cluster runs on one host', () => {
  it.each<[string, HandoverState, readonly string[]]>([
    ['is left alone where the cluster runs it', state('active', 'disabled', 1), []],
    ['is left alone where it runs elsewhere', state('inactive', 'disabled', 1), []],
    ['is not started at boot', state('inactive', 'enabled', 1), ['do not start app at boot']],
    [
      'is stopped where it runs and the cluster does not know it',
      state('active', 'enabled', 0),
      ['do not start app at boot', 'stop app, which the cluster is to run on one host'],
    ],
    ['is no trouble where it is not installed', state('inactive', '', 0), []],
  ])('%s', (_, observed, expected) => {
    expect(operation.decide(observed).map(({ summary }) => summary)).toEqual(expected);
  });
});
