import type { Host } from '../../src/inventory/types.ts';
import type { ListedMember } from '../../playbooks/etcd/cluster/status.ts';
import type { ChangeContext } from '../../playbooks/etcd/cluster/changes.ts';
import { decideMembers } from '../../playbooks/etcd/cluster/decide.ts';
import { peerUrlOf } from '../../playbooks/etcd/layout.ts';
import { judgeSpare } from '../../playbooks/etcd/life.ts';
import { isHealthy, membersOf } from '../../playbooks/etcd/cluster/members.ts';
import type { MemberObservation } from '../../playbooks/etcd/cluster/observe.ts';
import { type Identity, identityIn, type Formation } from '../../playbooks/etcd/cluster/identity.ts';
import type { Answer, ClusterDecision, HostChange } from '../../src/playbook/operation.ts';
import { initialClusterOf, NOTHING } from '../playbooks/etcd/cluster/observations.ts';
import { inWords } from './every-case.ts';
import { Foretold } from './foretold.ts';

export const CONTEXT: ChangeContext = {
  unit: 'etcd',
  dataDirectory: '/var/lib/etcd/default',
  formingMark: '/var/lib/etcd/osha-forming',
  initialCluster: initialClusterOf(3),
  deployment: 'test',
};

/** The contents of a disk: the member's identity, its log, and the members that count for a majority. */
interface Disk {
  readonly identity: Identity;
  log: number;
  config: readonly ListedMember[];
  /** It knows a leader. */
  led: boolean;
}

type Running = 'no' | 'yes' | 'hung';

interface Machine {
  readonly host: Host;
  disk: Disk | undefined;
  /** An unmounted disk. */
  hidden: Disk | undefined;
  unmounted: boolean;
  note: Formation | undefined;
  running: Running;
  /** Not reachable by osha. */
  away: boolean;
  /** A proxy answers for it. */
  proxied: boolean;
  /** Not reachable by other members. */
  cut: boolean;
  outdated: boolean;
}

/** A cluster under faults and osha's changes, with a much simplified Raft. */
export class History {
  static readonly FAULTS = 16;

  readonly #machines: readonly Machine[];
  /** Change numbers at which a deployment is interrupted, once each. */
  #breaksAt: number;
  /** Stale notes are not removed. */
  readonly #keepsNotes: boolean;
  #acknowledged = 0;
  /** Destroyed disks, whose unique data may be lost. */
  #destroyed = 0;
  #clock = 1_000;
  #ids = 0;
  #last: ClusterDecision | undefined;
  readonly #told: string[] = [];

  constructor(hosts: readonly Host[], breaksAt: number) {
    this.#breaksAt = breaksAt;
    this.#keepsNotes = breaksAt % 2 === 0;
    this.#machines = hosts.map((host) => ({
      host,
      disk: undefined,
      hidden: undefined,
      unmounted: false,
      note: undefined,
      running: 'no',
      away: false,
      proxied: false,
      cut: false,
      outdated: false,
    }));
  }

  /** One fault or recovery, on one host or on all. */
  suffer(code: number): void {
    const machine = this.#machines[Math.floor(code / History.FAULTS) % this.#machines.length];
    if (!machine) return;
    const faults: readonly (() => void)[] = [
      () => (machine.running = 'no'),
      () => this.#each(this.#machines, (one) => (one.running = 'no')),
      () => (machine.running = machine.running === 'yes' ? 'hung' : machine.running),
      () => (machine.away = !machine.away),
      () => (machine.cut = !machine.cut),
      () => this.#loseDisk(machine),
      () => this.#unmount(machine),
      () => this.#mount(machine),
      () => this.#each(this.#machines, (one) => (one.proxied = !one.proxied)),
      () => (machine.outdated = true),
      () => this.#start(machine),
      () => this.#write(),
      // All hosts boot without their disks; all but one without or with new disks; all but one unreachable.
      () => this.#each(this.#machines, (one) => this.#unmount(one)),
      () => this.#each(this.#allBut(machine), (one) => this.#unmount(one)),
      () => this.#each(this.#allBut(machine), (one) => this.#loseDisk(one)),
      () => this.#each(this.#allBut(machine), (one) => (one.away = true)),
    ];
    const index = code % History.FAULTS;
    this.#told.push(`${machine.host.name}/${index}`);
    faults[index]?.();
    this.#settle();
    this.#write();
  }

  #each(machines: readonly Machine[], suffer: (machine: Machine) => void): void {
    machines.forEach(suffer);
  }

  #allBut(machine: Machine): readonly Machine[] {
    return this.#machines.filter((one) => one !== machine);
  }

  /** Everything people can repair: hosts and networks are back, disks mounted, hanging processes killed. */
  recover(): void {
    for (const machine of this.#machines) {
      machine.away = machine.cut = machine.proxied = false;
      this.#mount(machine);
      if (machine.running === 'hung') machine.running = 'no';
    }
    this.#settle();
  }

  /** One run of osha: decides and changes until it converges, refuses, or a change fails. */
  deploy(): void {
    const foretold = new Foretold();
    let before = '';
    for (let round = 0; round < 7; round += 1) {
      const decision = this.#decide();
      this.#last = decision;
      foretold.next(decision);
      if (decision.verdict !== 'change') return;
      const now = inWords(decision.stages);
      this.#told.push(now);
      if (now === before) return;
      before = now;
      for (const stage of decision.stages) if (!this.#runStage(stage)) return;
    }
    this.#fail('it does not end');
  }

  /** After all repairs: healthy, or refused because too much was destroyed. */
  expectEnd(): void {
    for (let again = 0; again < 3 && this.#last?.verdict === 'change'; again += 1) this.deploy();
    if (this.#last?.verdict === 'refuse') {
      const disks = this.#machines.filter(({ disk, hidden }) => disk ?? hidden).length;
      if (disks * 2 <= this.#machines.length) return;
      this.#fail(`refused: ${this.#last.reason}`);
    }
    if (this.#last?.verdict !== 'converged') this.#fail('not converged');
    const groups = this.#groups();
    const [all] = groups;
    if (groups.length !== 1 || all?.length !== this.#machines.length)
      this.#fail('not all are in one cluster');
  }

  /** A member that can be spared is one without which a majority still serves; of a healthy cluster of three, each can be. */
  expectSparedRightly(): void {
    const groups = this.#groups();
    const hosts = this.#machines.map(({ host }) => host);
    const answers = new Map(this.#machines.map((one) => [one.host.name, this.#answer(one, groups)]));
    const members = membersOf(hosts, answers);
    const isWhole = groups[0]?.length === hosts.length && hosts.length > 2 && members.every(isHealthy);
    for (const machine of this.#machines) {
      const { verdict, evidence } = judgeSpare(machine.host.name, members);
      const survives = groups.some(
        (group) =>
          group.filter((one) => one !== machine).length * 2 > (group[0]?.disk?.config.length ?? Infinity),
      );
      if (verdict === 'spared' && !survives) this.#fail(`${machine.host.name} is spared (${evidence})`);
      if (verdict !== 'spared' && isWhole) this.#fail(`${machine.host.name} is not spared (${evidence})`);
    }
  }

  get told(): string {
    return this.#told.join(' | ');
  }

  #fail(what: string): never {
    throw new Error(`${what}: ${this.told}`);
  }

  #decide(): ClusterDecision {
    this.#clock += 1;
    const hosts = this.#machines.map(({ host }) => host);
    const groups = this.#groups();
    const answers = new Map(this.#machines.map((one) => [one.host.name, this.#answer(one, groups)]));
    const members = membersOf(hosts, answers);
    return decideMembers(members, { ...CONTEXT, initialCluster: initialClusterOf(hosts.length) });
  }

  #answer(machine: Machine, groups: readonly (readonly Machine[])[]): Answer<MemberObservation> {
    const { disk, note, running } = machine;
    if (machine.away) return { reachable: false, reason: 'no route to host' };
    const group = groups.find((one) => one.includes(machine));
    // etcd is ready, and its unit active, once it has a quorum.
    const ready = disk?.led === true && running !== 'no';
    const answers = ready && running === 'yes' && !machine.proxied;
    const unit = {
      ...NOTHING.unit,
      active: ready ? 'active' : running === 'no' ? 'inactive' : 'activating',
      now: this.#clock,
      startedAt: 900,
      changed: new Map([['/etc/default/etcd', machine.outdated ? 950 : 100]]),
    };
    const silence = machine.proxied
      ? { kind: 'unintelligible' as const, words: 'HTTP 403' }
      : { kind: 'timeout' as const, words: 'no answer' };
    const leader = group?.[0]?.disk?.identity.member;
    return {
      reachable: true,
      observed: {
        ...NOTHING,
        unit,
        ...(machine.unmounted ? { unmounted: '/var/lib/etcd' } : {}),
        ...(running === 'no' ? {} : { process: { listens: ['127.0.0.1:2379'] } }),
        ...(note ? { formation: note } : {}),
        ...(disk
          ? { data: { identity: disk.identity, onlyBootstrap: note !== undefined && !disk.led } }
          : {}),
        ...(ready && !answers ? { silence } : {}),
        ...(answers && disk
          ? {
              status: {
                ...disk.identity,
                version: '3.4.23',
                ...(leader === undefined ? {} : { leader }),
                term: 2,
                index: disk.log,
                sizeBytes: 1,
                errors: [],
                listed: disk.config,
                healthy: leader !== undefined,
              },
            }
          : {}),
      },
    };
  }

  /** Members that run, reach each other and have a leader, by the configuration of the longest log. */
  #groups(): readonly (readonly Machine[])[] {
    const up = this.#machines.filter(({ running, cut, disk }) => running === 'yes' && !cut && disk);
    const groups: (readonly Machine[])[] = [];
    const taken = new Set<Machine>();
    for (const candidate of [...up].sort((a, b) => (b.disk?.log ?? 0) - (a.disk?.log ?? 0))) {
      const own = candidate.disk;
      if (!own || taken.has(candidate)) continue;
      const isMember = ({ disk }: Machine): boolean =>
        disk?.identity.cluster === own.identity.cluster &&
        own.config.some(({ id }) => id === disk.identity.member);
      if (!isMember(candidate)) continue;
      const voters = up.filter((one) => isMember(one) && !taken.has(one));
      if (voters.length * 2 <= own.config.length) continue;
      const group = [candidate, ...voters.filter((one) => one !== candidate)];
      for (const one of group) taken.add(one);
      groups.push(group);
    }
    return groups;
  }

  /** Elects leaders; their followers catch up. */
  #settle(): void {
    const groups = this.#groups();
    if (groups.length > 1) this.#fail('two clusters serve');
    const [group] = groups;
    const leader = group?.[0]?.disk;
    if (!group || !leader) return;
    if (leader.log < this.#acknowledged && this.#destroyed * 2 < this.#machines.length) {
      this.#fail(`of ${this.#acknowledged} writes, ${leader.log} are left`);
    }
    this.#acknowledged = Math.min(this.#acknowledged, leader.log);
    if (group.length === this.#machines.length) this.#destroyed = 0;
    for (const machine of group) {
      const { disk } = machine;
      if (!disk) continue;
      disk.log = leader.log;
      disk.config = leader.config;
      disk.led = true;
      if (!this.#keepsNotes) machine.note = undefined;
    }
  }

  /** A client writes, if there is a quorum. */
  #write(): void {
    const [group] = this.#groups();
    if (!group) return;
    for (const { disk } of group) if (disk) disk.log += 1;
    this.#acknowledged = group[0]?.disk?.log ?? this.#acknowledged;
  }

  #loseDisk(machine: Machine): void {
    if (machine.disk) this.#destroyed += 1;
    machine.disk = undefined;
    machine.running = 'no';
    machine.note = undefined;
  }

  #unmount(machine: Machine): void {
    if (machine.unmounted) return;
    machine.hidden = machine.disk;
    machine.disk = undefined;
    machine.unmounted = true;
    machine.running = 'no';
  }

  #mount(machine: Machine): void {
    if (!machine.unmounted) return;
    machine.disk = machine.hidden;
    machine.hidden = undefined;
    machine.unmounted = false;
  }

  /** Like at boot: a member without data cannot start. */
  #start(machine: Machine): void {
    if (machine.running === 'no' && machine.disk) machine.running = 'yes';
  }

  /** Runs the changes of a stage concurrently; false if a change fails or osha is interrupted. */
  #runStage(stage: readonly HostChange[]): boolean {
    for (const change of stage) {
      if (this.#breaksAt === 0) {
        this.#breaksAt = -1;
        this.#told.push('broke off');
        this.#settle();
        return false;
      }
      this.#breaksAt -= 1;
      const machine = this.#machines.find(({ host }) => host.name === change.host);
      if (!machine || machine.away) return this.#fail(`${change.host} is changed, and cannot be reached`);
      if (!change.change.summary.startsWith('wait')) this.#make(machine, change);
    }
    this.#settle();
    this.#write();
    const waited = stage.filter(({ change }) => change.summary.startsWith('wait'));
    return waited.every(({ host }) =>
      this.#groups().some((group) => group.some((machine) => machine.host.name === host)),
    );
  }

  #make(machine: Machine, { change: { summary, script } }: HostChange): void {
    const { host } = machine;
    if (summary.startsWith('form')) {
      if (machine.disk ?? machine.hidden) this.#fail(`${host.name} has data, and forms a cluster`);
      const token = /ETCD_INITIAL_CLUSTER_TOKEN=([^\s']+)/.exec(script)?.[1] ?? '';
      this.#formed(machine, { token, initialCluster: initialClusterOf(this.#machines.length) });
    } else if (summary.startsWith('start')) {
      machine.outdated = false;
      this.#start(machine);
    } else if (summary.startsWith('restart')) {
      machine.outdated = false;
      machine.running = machine.disk ? 'yes' : 'no';
    } else if (summary.startsWith('remove')) {
      for (const [, id] of script.matchAll(/members remove (\S+)/g)) {
        this.#reconfigure(machine, (list) => list.filter((entry) => entry.id !== id));
      }
    } else if (summary.startsWith('join')) this.#join(machine);
    else this.#fail(`the model does not know "${summary}"`);
  }

  #formed(machine: Machine, formation: Formation): void {
    const identity = identityIn(formation, machine.host.name);
    if (!identity) return this.#fail(`${machine.host.name} is not in its own formation`);
    const begun = this.#machines.find(({ note }) => note?.token === formation.token)?.disk;
    const config =
      begun?.config ??
      this.#machines.map(({ host }) => ({
        id: identityIn(formation, host.name)?.member ?? '',
        name: host.name,
        peerUrls: [peerUrlOf(host)],
      }));
    machine.disk = { identity, log: 0, config, led: false };
    machine.note = formation;
    machine.outdated = false;
    machine.running = 'yes';
  }

  #join(machine: Machine): void {
    const { host } = machine;
    if (machine.running !== 'no') this.#fail(`${host.name} runs, and its data is moved aside`);
    const member = `added-${(this.#ids += 1)}`;
    const [leader] = this.#groups()[0] ?? [];
    if (!leader?.disk) return;
    const { cluster } = leader.disk.identity;
    this.#reconfigure(leader, (list) => [
      ...list,
      { id: member, name: host.name, peerUrls: [peerUrlOf(host)] },
    ]);
    machine.disk = { identity: { member, cluster }, log: 0, config: leader.disk.config, led: false };
    machine.running = 'yes';
    machine.note = undefined;
    machine.outdated = false;
    this.#settle();
  }

  #reconfigure(on: Machine, change: (list: readonly ListedMember[]) => readonly ListedMember[]): void {
    const group = this.#groups().find((one) => one.includes(on));
    if (!group) return;
    for (const { disk } of group) {
      if (!disk) continue;
      disk.config = change(disk.config);
      disk.log += 1;
    }
  }
}
