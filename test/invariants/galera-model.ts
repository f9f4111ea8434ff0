import type { DecisionContext } from '../../playbooks/galera/cluster/election.ts';
import { decideCluster } from '../../playbooks/galera/cluster/decide.ts';
import { membersOf } from '../../playbooks/galera/cluster/members.ts';
import {
  ZERO_UUID,
  type MemberObservation,
  type ServerStatus,
} from '../../playbooks/galera/cluster/observe.ts';
import type { Answers, ClusterDecision, HostChange } from '../../src/playbook/operation.ts';
import { observationOf } from '../playbooks/galera/cluster/observations.ts';
import { unitReading } from '../operations/unit-states.ts';
import { aHost } from '../support/inventory.ts';

/**
 * A small Galera: members with transactions on their disks, components with a quorum, crashes, cut cables, lost disks. It
 * is independent of osha's decisions; changes have the effects and on-the-spot checks of their scripts.
 */
export class GaleraModel {
  readonly members: readonly MemberModel[];
  /** Transactions that a client knows to be committed. */
  readonly acknowledged = new Set<number>();
  /** Components with a quorum; more than one is a split brain. */
  components: Set<MemberModel>[] = [];
  /** All changes made, to explain a counterexample. */
  readonly log: string[] = [];
  #clusters = 0;
  #transactions = 0;

  constructor(count: number) {
    this.members = Array.from({ length: count }, (_, index) => new MemberModel(`c${index + 1}`));
  }

  /** Lets a client write if there is a quorum: all members of the component have the row before it is acknowledged. */
  write(): void {
    for (const component of this.components) {
      this.#transactions += 1;
      this.acknowledged.add(this.#transactions);
      for (const member of component) member.data.push(this.#transactions);
    }
  }

  happens(event: Event): void {
    const member = this.members[event.member % this.members.length];
    if (!member) return;
    switch (event.kind) {
      case 'write':
        this.write();
        break;
      case 'crash':
        this.#dies(member);
        break;
      case 'power loss':
        for (const each of this.members) this.#dies(each);
        break;
      case 'crash in a transfer':
        // Only while it is behind: its data is then a partial copy.
        if (member.runs === 'no' && member.uuid !== '' && this.components.length > 0) {
          member.data = [];
          member.uuid = '';
          member.state = { uuid: ZERO_UUID, seqno: -1, safe: false };
          member.noted = undefined;
        }
        break;
      case 'stop':
        this.stop(member);
        break;
      case 'start':
        this.start(member);
        break;
      case 'cut':
        member.side = 1 - member.side;
        break;
      case 'lost disk':
        if (member.runs === 'no') member.replaceDisk();
        break;
      case 'older disk':
        if (member.runs === 'no' && member.state && member.state.seqno > 0) {
          member.data = member.data.slice(0, -1);
          member.state = { ...member.state, seqno: member.data.length, safe: false };
          member.noted = undefined;
        }
        break;
      case 'unmounted':
        if (member.runs === 'no') member.mounted = !member.mounted;
        break;
      case 'refuse':
        member.manner = member.manner === 'answers' ? 'refuses' : 'answers';
        break;
      case 'slow':
        member.manner = member.manner === 'answers' ? 'is slow' : 'answers';
        break;
      case 'out of sight':
        member.inSight = !member.inSight;
        break;
      case 'new configuration':
        member.outdated = member.runs === 'yes';
        break;
    }
    this.#regroup();
  }

  /** Repairs everything that can be repaired without osha. */
  mend(): void {
    for (const member of this.members) {
      member.side = 0;
      member.inSight = true;
      member.manner = 'answers';
      member.mounted = true;
    }
    this.#regroup();
  }

  #dies(member: MemberModel): void {
    if (member.runs === 'no') return;
    member.runs = 'no';
    this.#regroup();
  }

  /** Stops cleanly: the others see it leave, so they keep their quorum. */
  stop(member: MemberModel): void {
    if (member.runs !== 'yes') return;
    const component = this.componentOf(member);
    component?.delete(member);
    member.state = { uuid: member.uuid, seqno: member.data.length, safe: component?.size === 0 };
    member.view = undefined;
    member.runs = 'no';
    this.#regroup();
  }

  /** Starts like systemd: joins a visible component, waits for the last view, or fails. */
  start(member: MemberModel): void {
    if (member.runs !== 'no' || !member.mounted) return;
    member.noted = undefined;
    const component = this.#inSightOf(member);
    if (!component) {
      if (member.view) member.runs = 'waits';
      this.#regroup();
      return;
    }
    this.#joins(member, component);
  }

  /** Galera's handling of a joiner: it gets what is missing, or everything; a member that is ahead is rejected. */
  #joins(member: MemberModel, component: Set<MemberModel>): void {
    const [donor] = component;
    if (!donor) return;
    const known = member.state?.uuid === donor.uuid;
    if (known && member.data.length > donor.data.length) {
      member.runs = 'no';
      return;
    }
    member.data = [...donor.data];
    member.uuid = donor.uuid;
    member.state = { uuid: donor.uuid, seqno: -1, safe: false };
    member.outdated = false;
    member.databases = [];
    member.runs = 'yes';
    component.add(member);
    for (const each of component) each.view = [...component];
  }

  bootstrap(member: MemberModel): void {
    member.outdated = false;
    if (member.uuid === '') {
      this.#clusters += 1;
      member.uuid = `${String(this.#clusters).padStart(8, '0')}-0000-11f0-8000-000000000001`;
    }
    member.noted = undefined;
    member.databases = [];
    member.state = { uuid: member.uuid, seqno: -1, safe: false };
    member.runs = 'yes';
    this.#give(member);
  }

  #give(member: MemberModel): void {
    const component = new Set([member]);
    member.view = [member];
    this.components.push(component);
    this.#regroup();
  }

  componentOf(member: MemberModel): Set<MemberModel> | undefined {
    return this.components.find((component) => component.has(member));
  }

  #inSightOf(member: MemberModel): Set<MemberModel> | undefined {
    return this.components.find((component) => [...component].some((other) => other.side === member.side));
  }

  /** Recomputes quorums from who sees whom. */
  #regroup(): void {
    this.components = this.components.flatMap((component) => {
      const alive = [...component].filter((member) => member.runs === 'yes');
      const sides = [0, 1].map((side) => alive.filter((member) => member.side === side));
      const kept = sides.find((part) => part.length * 2 > component.size);
      return kept ? [new Set(kept)] : [];
    });
    for (const component of this.components) for (const member of component) member.view = [...component];
    for (const member of this.members) {
      if (member.runs === 'no' || this.componentOf(member)) continue;
      const component = this.#inSightOf(member);
      if (component) this.#joins(member, component);
    }
    this.#findTogether();
  }

  /** Members rejoin automatically when all of their last view are present. */
  #findTogether(): void {
    for (const member of this.members) {
      const view = member.view;
      if (member.runs === 'no' || this.componentOf(member) || !view) continue;
      const together = view.every(
        (other) =>
          other.runs !== 'no' &&
          other.side === member.side &&
          !this.componentOf(other) &&
          other.uuid === member.uuid,
      );
      if (!together || this.#inSightOf(member)) continue;
      const longest = [...view].sort((one, other) => other.data.length - one.data.length)[0] ?? member;
      for (const other of view) {
        other.data = [...longest.data];
        other.runs = 'yes';
      }
      this.components.push(new Set(view));
    }
  }

  // What osha observes and changes.

  answers(): Answers<MemberObservation> {
    return new Map(
      this.members.map((member) => [
        member.name,
        member.inSight
          ? { reachable: true, observed: this.#observed(member) }
          : { reachable: false, reason: 'no route to host' },
      ]),
    );
  }

  #observed(member: MemberModel): MemberObservation {
    const component = this.componentOf(member);
    const server: ServerStatus | undefined =
      member.runs === 'yes' && member.manner === 'answers'
        ? {
            replicates: true,
            component: component ? 'Primary' : 'non-Primary',
            state: component ? 'Synced' : 'Initialized',
            size: component?.size ?? 1,
            arbitrators: 0,
            uuid: member.uuid,
            ready: component !== undefined,
            connected: true,
            lastCommitted: member.data.length,
          }
        : undefined;
    const { state, noted, view } = member;
    const complaints = {
      answers: undefined,
      refuses: 'ERROR 1045 (28000): Access denied',
      'is slow': 'no answer',
    };
    const complaint = member.runs === 'yes' ? complaints[member.manner] : undefined;
    const active = member.runs === 'yes' ? 'active' : member.runs === 'waits' ? 'activating' : 'inactive';
    return observationOf({
      unit: unitReading('/etc/my.cnf', active, member.outdated ? 1_005 : undefined),
      process: member.runs === 'yes' ? 'open' : member.runs === 'waits' ? 'closed' : 'absent',
      ...(server ? { server } : {}),
      ...(complaint === undefined ? {} : { complaint }),
      ...(member.mounted
        ? {
            ...(state
              ? { saved: { uuid: state.uuid, seqno: state.seqno, safeToBootstrap: state.safe } }
              : {}),
            ...(noted && member.runs === 'no' ? { recovered: noted } : {}),
            view: view !== undefined,
            databases: member.databases,
          }
        : { data: 'empty' as const }),
    });
  }

  decide(context: Partial<DecisionContext> = {}): ClusterDecision {
    const hosts = this.members.map(({ name }) => aHost(name));
    return decideCluster(membersOf(hosts, this.answers()), {
      unit: 'mariadb',
      dataDirectory: '/var/lib/mysql',
      members: hosts.length,
      syncSeconds: 60,
      ...context,
    });
  }

  /** Whether a component would keep its quorum and every acknowledged transaction if a member died now. */
  survivesWithout(name: string): boolean {
    return this.components.some((component) => {
      const left = [...component].filter((member) => member.name !== name);
      const whole = left.every(({ data }) => [...this.held()].every((id) => data.includes(id)));
      return left.length * 2 > component.size && whole;
    });
  }

  /** Carries out one change; false if its script would fail. */
  carryOut({ host, change }: HostChange): boolean {
    const member = this.members.find(({ name }) => name === host);
    if (!member?.inSight) return false;
    this.log.push(`${host}: ${change.summary}`);
    const verb =
      /^(recover|stop mariadb|mark as|bootstrap|join|rejoin|promote|wait for|wait until|restart)/.exec(
        change.summary,
      )?.[0];
    const component = this.componentOf(member);
    // What `spare` finds: a server that is in a component, or cannot be queried.
    const mayServe = member.runs === 'yes' && (component !== undefined || member.manner !== 'answers');
    switch (verb) {
      case 'recover':
        if (member.runs !== 'no' || !member.mounted) return false;
        member.noted =
          member.uuid === ''
            ? { uuid: ZERO_UUID, seqno: -1 }
            : { uuid: member.uuid, seqno: member.data.length };
        return true;
      case 'stop mariadb':
        if (mayServe) return false;
        this.stop(member);
        return true;
      case 'mark as':
        if (member.runs !== 'no') return false;
        if (member.state) member.state = { ...member.state, safe: false };
        member.view = undefined;
        return true;
      case 'bootstrap':
        if (mayServe || !member.mounted) return false;
        member.runs = 'no';
        this.bootstrap(member);
        return true;
      case 'join':
      case 'rejoin':
        if (verb === 'rejoin' && component) return true;
        if (mayServe) return false;
        if (member.runs === 'yes') this.stop(member);
        if (!member.state && member.databases.length > 0) return false;
        member.view = undefined;
        this.start(member);
        return this.componentOf(member) !== undefined;
      case 'promote':
        if (component) return true;
        if (member.runs !== 'yes' || mayServe) return false;
        this.#give(member);
        return true;
      case 'wait for':
        if (member.runs !== 'waits') return member.manner === 'answers';
        if (!change.effects?.includes('kills')) return false;
        member.runs = 'no';
        return true;
      case 'wait until':
        return component !== undefined || member.runs === 'no';
      case 'restart':
        if (component?.size !== this.members.length || member.manner !== 'answers') return false;
        this.stop(member);
        if (this.members.length === 1) this.bootstrap(member);
        else this.start(member);
        return this.componentOf(member) !== undefined;
      default:
        throw new Error(`the model does not know "${change.summary}"`);
    }
  }

  /** Acknowledged transactions that are on some disk. */
  held(): ReadonlySet<number> {
    return new Set(this.members.flatMap(({ data }) => data).filter((id) => this.acknowledged.has(id)));
  }
}

/** A member: the contents of its disk, and the state of its server. */
export class MemberModel {
  readonly name: string;
  runs: 'yes' | 'waits' | 'no' = 'no';
  manner: 'answers' | 'refuses' | 'is slow' = 'answers';
  /** Members see those on their side of a partition. */
  side = 0;
  inSight = true;
  mounted = true;
  outdated = false;
  /** Transactions in order; their number is the position. */
  data: number[] = [];
  uuid = '';
  databases: string[] = [];
  /** `grastate.dat`. */
  state: { readonly uuid: string; readonly seqno: number; readonly safe: boolean } | undefined;
  /** `gvwstate.dat`: its last component. */
  view: readonly MemberModel[] | undefined;
  /** The position that osha recovered and noted, until the server starts. */
  noted: { readonly uuid: string; readonly seqno: number } | undefined;

  constructor(name: string) {
    this.name = name;
  }

  replaceDisk(): void {
    this.data = [];
    this.uuid = '';
    this.databases = [];
    this.state = undefined;
    this.view = undefined;
    this.noted = undefined;
    this.mounted = true;
  }
}

export const EVENTS = [
  'write',
  'write',
  'crash',
  'crash',
  'power loss',
  'stop',
  'start',
  'cut',
  'lost disk',
  'older disk',
  'unmounted',
  'refuse',
  'slow',
  'out of sight',
  'new configuration',
  'crash in a transfer',
] as const;

export interface Event {
  readonly kind: (typeof EVENTS)[number];
  readonly member: number;
}
