import {
  type Answer,
  type Finding,
  type Host,
  newerThanStart,
  parseUnitState,
  type Platform,
  type Probe,
  quoteAll,
  unitProbeScript,
  unitReads,
  type UnitState,
} from 'osha';
import { MEMBERS } from './observe.ts';

/** The host of Galera's arbitrator: a vote without data, which gives two members a majority. */
export interface ArbitratorObservation {
  readonly arbitrator: UnitState;
  /** The cluster that it votes in, by its configuration. */
  readonly group?: string;
}

/** An arbitrator as a decision sees it. */
export interface Arbitrator {
  readonly name: string;
  readonly unit: string;
  /** Absent where its host cannot be reached. */
  readonly state?: UnitState;
}

export function observeArbitrator(platform: Platform): Probe<ArbitratorObservation> {
  const unit = platform.units.arbitrator;
  const files = [platform.paths.arbitratorEnv];
  return {
    script: `(
${unitProbeScript(unit, files)}
)
sed -n 's/^GALERA_GROUP="\\{0,1\\}\\([^"]*\\)"\\{0,1\\}$/group=\\1/p' ${quoteAll(files)} 2>/dev/null
exit 0`,
    reads: [MEMBERS, ...unitReads(unit, files)],
    parse: (answer) => {
      const group = /^group=(.+)$/m.exec(answer.stdout)?.[1];
      return { arbitrator: parseUnitState(unit, answer), ...(group === undefined ? {} : { group }) };
    },
  };
}

export function arbitratorOf(host: Host, platform: Platform, answer: Answer<object> | undefined): Arbitrator {
  const base = { name: host.name, unit: platform.units.arbitrator };
  const seen = answer?.reachable ? answer.observed : {};
  return 'arbitrator' in seen ? { ...base, state: (seen as ArbitratorObservation).arbitrator } : base;
}

/** Whether the arbitrator runs on its present configuration and the members count it. */
export function judgeArbitrator({ name, unit, state }: Arbitrator, counted: boolean): Finding {
  const base = { subject: 'arbitrator', host: name };
  if (!state) return { ...base, healthy: false, evidence: 'its host cannot be reached' };
  if (state.active !== 'active') {
    return { ...base, healthy: false, evidence: `the unit ${unit} is ${state.active}`, hint: HINT };
  }
  const outdated = newerThanStart(state).length > 0;
  const evidence = `running${outdated ? ' on an older configuration' : ''}, ${counted ? 'has its vote' : 'and no member counts its vote'}`;
  return {
    ...base,
    healthy: counted && !outdated,
    evidence,
    ...(counted && !outdated ? {} : { hint: HINT }),
  };
}

const HINT = 'osha deploy INVENTORY --only galera';
