import { describe, expect, it } from 'vitest';
import { decide, fresh, live, outdated, silent, stopped, type Said } from './observations.ts';

const ALL = 'e1 e2 e3';

describe('a change of the cluster', () => {
  it('declares the effects of each change on the member', () => {
    const effects = (...answers: readonly Said[]): readonly unknown[] => {
      const decision = decide(...answers);
      return decision.verdict === 'change'
        ? decision.stages.map((stage) => stage.map(({ change }) => change.effects?.join(' ')).join(' + '))
        : [decision.verdict];
    };
    expect(effects(fresh)).toEqual(['stops wipes forms starts', '']);
    expect(effects(live('e1 e2'), live('e1 e2'), stopped())).toEqual(['stops wipes joins starts']);
    expect(effects(live(ALL), fresh, live(ALL))).toEqual(['forgets', 'stops wipes joins starts']);
    expect(effects(live(ALL), stopped(), live(ALL))).toEqual(['starts', '']);
    expect(effects(live(ALL), silent(), live(ALL))).toEqual(['restarts', '']);
    expect(effects(outdated('e1'))).toEqual(['restarts']);
  });

  it('checks again, bypassing proxies, right before it restarts, adds or removes a member', () => {
    const scripts = [
      decide(live(ALL), silent(), live(ALL)),
      decide(live('e1 e2'), live('e1 e2'), stopped()),
      decide(outdated(ALL), live(ALL), live(ALL)),
      decide(live(ALL), fresh, live(ALL)),
    ].flatMap((decision) =>
      decision.verdict === 'change' ? decision.stages.flat().map(({ change }) => change.script) : [],
    );
    expect(scripts).toHaveLength(6);
    for (const script of scripts) {
      for (const line of script.split('\n').filter((one) => one.includes('curl '))) {
        expect(line).toMatch(/curl -q .*--noproxy '\*'/);
      }
    }
    const [restartSilent = '', , join = '', , remove = '', rejoin = ''] = scripts;
    expect(restartSilent).toContain('until healthy http://192.0.2.13:2379');
    expect(join).toContain('refuse');
    expect(join.indexOf('members add')).toBeLessThan(join.indexOf('mv --'));
    expect(remove).toContain('etcd now answers on e2');
    expect(rejoin).toContain('unset http_proxy https_proxy');
  });
});
