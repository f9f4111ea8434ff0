import type { Host } from '../../src/inventory/types.ts';
import { decidePool } from '../../playbooks/glusterfs/cluster/decide-pool.ts';
import { decideVolume } from '../../playbooks/glusterfs/cluster/decide-volume.ts';
import type { Brick, KnownVolume, ServerObservation } from '../../playbooks/glusterfs/cluster/observe.ts';
import { serversOf, type Server } from '../../playbooks/glusterfs/cluster/servers.ts';
import type { Answer, ClusterDecision, HostChange } from '../../src/playbook/operation.ts';
import { IMAGES, UNIT } from '../playbooks/glusterfs/cluster/observations.ts';
import { inWords } from './every-case.ts';
import { Foretold } from './foretold.ts';

const CONTEXT = { unit: 'glusterd' };
const VOLUME_ID = 'cafe';

/** The contents of a brick: numbered writes. */
type Files = Set<number>;

interface Machine {
  readonly host: Host;
  uuid: string;
  /** The identities of the other servers it knows, by name. */
  peers: Map<string, string>;
  knowsVolume: boolean;
  brick: Files | undefined;
  /** A brick on an unmounted disk. */
  hidden: Files | undefined;
  unmounted: boolean;
  online: boolean;
  /** Not reachable by osha and the other servers. */
  away: boolean;
  /** Its management daemon hangs. */
  silent: boolean;
}

/** A pool with one volume under faults and osha's changes. */
export class History {
  static readonly FAULTS = 14;

  readonly #machines: readonly Machine[];
  #breaksAt: number;
  #created = false;
  #started = false;
  #writes = 0;
  /** Acknowledged writes with at least one copy not destroyed by a fault. */
  #acknowledged: Files = new Set();
  #uuids = 0;
  #last: ClusterDecision | undefined;
  readonly #told: string[] = [];

  constructor(hosts: readonly Host[], breaksAt: number) {
    this.#breaksAt = breaksAt;
    this.#machines = hosts.map((host) => ({
      host,
      uuid: this.#newUuid(),
      peers: new Map<string, string>(),
      knowsVolume: false,
      brick: undefined,
      hidden: undefined,
      unmounted: false,
      online: false,
      away: false,
      silent: false,
    }));
  }

  /** One fault or recovery, on one host or on all. */
  suffer(code: number): void {
    const machine = this.#machines[Math.floor(code / History.FAULTS) % this.#machines.length];
    if (!machine) return;
    const others = this.#machines.filter((one) => one !== machine);
    const faults: readonly (() => void)[] = [
      () => (machine.online = false),
      () => (machine.away = !machine.away),
      () => (machine.silent = !machine.silent),
      () => this.#loseDisk(machine),
      () => this.#unmount(machine),
      () => this.#mount(machine),
      () => this.#reinstall(machine),
      () => {
        this.#reinstall(machine);
        this.#loseDisk(machine);
      },
      () => this.#write(),
      () => this.#heal(),
      () => others.forEach((one) => (one.away = true)),
      () => this.#machines.forEach((one) => this.#unmount(one)),
      () => this.#machines.forEach((one) => (one.online = false)),
      () => others.forEach((one) => this.#unmount(one)),
    ];
    const index = code % History.FAULTS;
    this.#told.push(`${machine.host.name}/${index}`);
    faults[index]?.();
    this.#write();
  }

  /** Everything people can repair: hosts are back, disks mounted, hanging processes killed. */
  recover(): void {
    for (const machine of this.#machines) {
      machine.away = machine.silent = false;
      this.#mount(machine);
    }
  }

  /** One run of osha: the pool, and then the volume. */
  deploy(): void {
    if (this.#converge((servers) => decidePool(servers, CONTEXT))) {
      this.#converge((servers) => decideVolume(servers, IMAGES, CONTEXT));
    }
    this.#heal();
  }

  expectEnd(): void {
    for (let again = 0; again < 3 && this.#last?.verdict === 'change'; again += 1) this.deploy();
    for (const write of this.#acknowledged) {
      if (!this.#machines.some(({ brick }) => brick?.has(write))) this.#fail(`write ${write} is lost`);
    }
    if (this.#last?.verdict === 'refuse') {
      // No server knows the pool, or no copy is left: people have to decide.
      const wellKnown = this.#machines.some(({ peers, knowsVolume }) => knowsVolume && peers.size > 0);
      const copies = this.#machines.filter(({ brick }) => brick).length;
      if (this.#created && (copies === 0 || (!wellKnown && this.#machines.length > 1))) return;
      if (this.#created && this.#machines.every(({ knowsVolume }) => !knowsVolume)) return;
      this.#fail(`refused: ${this.#last.reason}`);
    }
    if (this.#last?.verdict !== 'converged') this.#fail('not converged');
    if (!this.#machines.every(({ online }) => online)) this.#fail('a brick is not online');
  }

  get told(): string {
    return this.#told.join(' | ');
  }

  #fail(what: string): never {
    throw new Error(`${what}: ${this.told}`);
  }

  #newUuid(): string {
    this.#uuids += 1;
    return `uuid-${this.#uuids}`;
  }

  #loseDisk(machine: Machine): void {
    machine.brick = undefined;
    machine.online = false;
    for (const write of this.#acknowledged) {
      if (!this.#machines.some(({ brick, hidden }) => brick?.has(write) ?? hidden?.has(write))) {
        this.#acknowledged.delete(write);
      }
    }
  }

  #unmount(machine: Machine): void {
    if (machine.unmounted) return;
    machine.hidden = machine.brick;
    machine.brick = undefined;
    machine.unmounted = true;
    machine.online = false;
  }

  #mount(machine: Machine): void {
    if (!machine.unmounted) return;
    machine.brick = machine.hidden;
    machine.hidden = undefined;
    machine.unmounted = false;
  }

  /** Replaces the system disk; the brick is on its own disk. */
  #reinstall(machine: Machine): void {
    machine.uuid = this.#newUuid();
    machine.peers = new Map();
    machine.knowsVolume = false;
    machine.online = false;
  }

  #online(): readonly Files[] {
    return this.#machines.flatMap(({ online, away, brick }) => (online && !away && brick ? [brick] : []));
  }

  /** A client writes, if a majority of the copies accepts it; with two copies, if one does. */
  #write(): void {
    const bricks = this.#online();
    const needed = this.#machines.length > 2 ? 2 : 1;
    if (!this.#started || bricks.length < needed) return;
    this.#writes += 1;
    for (const brick of bricks) brick.add(this.#writes);
    this.#acknowledged.add(this.#writes);
  }

  #heal(): void {
    const bricks = this.#online();
    for (const from of bricks) for (const to of bricks) from.forEach((write) => to.add(write));
  }

  #servers(): readonly Server[] {
    const hosts = this.#machines.map(({ host }) => host);
    return serversOf(hosts, new Map(this.#machines.map((one) => [one.host.name, this.#answer(one)])));
  }

  #answer(machine: Machine): Answer<ServerObservation> {
    if (machine.away) return { reachable: false, reason: 'no route to host' };
    const { uuid, peers, brick, unmounted, online } = machine;
    const seen: Brick = {
      exists: brick !== undefined,
      used: (brick?.size ?? 0) > 0,
      ...(brick ? { volumeId: VOLUME_ID } : {}),
      online,
      backlog: 0,
      ...(unmounted ? { unmounted: '/srv' } : {}),
    };
    const volume: KnownVolume = {
      name: IMAGES.name,
      id: VOLUME_ID,
      started: this.#started,
      type: this.#machines.length > 1 ? 'Replicate' : 'Distribute',
      arbiter: false,
      bricks: this.#machines.map(({ host }) => `${host.name}:${IMAGES.path}`),
      options: new Map(Object.entries(IMAGES.options)),
    };
    return {
      reachable: true,
      observed: {
        unit: UNIT,
        uuid,
        answers: !machine.silent,
        peers: machine.silent
          ? []
          : [...peers].map(([name, known]) => {
              const other = this.#machines.find(({ host }) => host.name === name);
              const there = other && !other.away && !other.silent && other.uuid === known;
              const joined = there === true && other.peers.get(machine.host.name) === uuid;
              return { uuid: known, host: name, connected: there === true, joined: joined || !there };
            }),
        volumes: machine.knowsVolume && !machine.silent ? [volume] : [],
        bricks: new Map([[IMAGES.name, seen]]),
      },
    };
  }

  /** Whether it is converged. */
  #converge(decide: (servers: readonly Server[]) => ClusterDecision): boolean {
    const foretold = new Foretold();
    let before = '';
    for (let round = 0; round < 7; round += 1) {
      const decision = decide(this.#servers());
      this.#last = decision;
      foretold.next(decision);
      if (decision.verdict !== 'change') return decision.verdict === 'converged';
      const now = inWords(decision.stages);
      this.#told.push(now);
      if (now === before) return false;
      before = now;
      for (const stage of decision.stages) {
        for (const change of stage) {
          if (this.#breaksAt === 0) {
            this.#breaksAt = -1;
            this.#told.push('broke off');
            return false;
          }
          this.#breaksAt -= 1;
          if (!this.#make(change)) return false;
        }
        this.#write();
      }
    }
    return this.#fail('it does not end');
  }

  #make({ host: name, change: { summary, script } }: HostChange): boolean {
    const machine = this.#machines.find(({ host }) => host.name === name);
    if (!machine || machine.away) return this.#fail(`${name} is changed, and cannot be reached`);
    if (/^add \S+ to/.test(summary)) {
      const other = this.#machines.find(({ host }) => summary.includes(` ${host.name} `));
      if (other) this.#introduce(machine, other);
    } else if (summary.startsWith('restore its identity')) {
      machine.uuid = /printf 'UUID=%s\\n' (\S+)/.exec(script)?.[1] ?? '';
      const from = this.#machines.find(({ host }) => summary.includes(`pool of ${host.name} `));
      if (from) this.#introduce(from, machine);
    } else if (summary.startsWith('create the volume')) this.#create();
    else if (summary.startsWith('prepare')) this.#expectNothing(machine);
    else if (summary.startsWith('heal')) {
      this.#expectNothing(machine);
      machine.brick = new Set();
      machine.online = true;
    } else if (summary.startsWith('start')) {
      this.#started = true;
      for (const one of this.#machines) if (!one.away && one.knowsVolume && one.brick) one.online = true;
    } else if (summary.startsWith('wait')) return machine.online;
    else if (!/^(create the brick|set|restart glusterd)/.test(summary)) {
      this.#fail(`the model does not know "${summary}"`);
    }
    return true;
  }

  /** Both learn each other and each other's peers; the new one learns the volume. */
  #introduce(on: Machine, other: Machine): void {
    if (other.away || other.silent) return;
    const pool = [on, other, ...this.#machines.filter(({ host }) => on.peers.has(host.name))];
    for (const one of pool) {
      for (const peer of pool) if (peer !== one) one.peers.set(peer.host.name, peer.uuid);
      one.knowsVolume ||= on.knowsVolume;
    }
  }

  #create(): void {
    for (const machine of this.#machines) {
      this.#expectNothing(machine);
      machine.brick = new Set();
      machine.knowsVolume = true;
    }
    if (this.#created && this.#acknowledged.size > 0) this.#fail('a second volume is created');
    this.#created = true;
    this.#started = false;
  }

  #expectNothing({ host, brick, hidden }: Machine): void {
    if (brick ?? hidden) this.#fail(`${host.name} has a brick, and another one is made`);
  }
}
