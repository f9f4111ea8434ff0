import { agreed, reloaded } from '../../playbooks/keepalived/cluster/agree.ts';
import { heldOnce } from '../../playbooks/keepalived/health.ts';
import { recordedIn, type HolderView } from '../../playbooks/keepalived/cluster/observe.ts';
import { recognised, remembered } from '../../playbooks/keepalived/cluster/recognise.ts';
import { settings } from '../../playbooks/keepalived/settings.ts';
import * as file from '../../src/operations/file.ts';
import type { UnitState } from '../../src/operations/unit-state.ts';
import type { Answer, ClusterDecision, Finding, HostChange } from '../../src/playbook/operation.ts';
import { asSecretText } from '../../src/secrets/text.ts';
import { CONF, MACHINES, observing, VIP } from './keepalived-hosts.ts';

/** Its content is defined by the model. */
const FILE = file.content(CONF, { content: '' });
const SETTINGS = settings.parse({});

/** The configuration in a machine's file, or loaded by its keepalived. */
interface Configuration {
  /** Machines that can hold the address, in order of priority. */
  readonly holders: readonly number[];
  readonly password: number;
}

/** A machine, in the inventory or not. */
export interface Machine {
  up: boolean;
  /** Whether osha can log in. */
  reachable: boolean;
  runs: boolean;
  /** Whether it is enabled at boot. */
  enabled: boolean;
  file?: Configuration | undefined;
  record?: string | undefined;
  /** The configuration that keepalived has loaded. */
  loaded?: (Configuration & { readonly former: string }) | undefined;
  /** Machines on different sides of a partition do not see each other. */
  side: number;
}

/** The product's own operations for one inventory. */
interface Operations {
  readonly recognise: ReturnType<typeof recognised>;
  readonly remember: ReturnType<typeof remembered>;
  readonly agree: ReturnType<typeof agreed>;
  readonly reload: ReturnType<typeof reloaded>;
  readonly health: ReturnType<typeof heldOnce>;
}

const operationsOf = cached((inventory: string): Operations => {
  const [listed = [], holders = []] = JSON.parse(inventory) as (readonly number[])[];
  const [hosts, members] = [listed, holders].map((all) => all.map((index) => MACHINES[index]!));
  const vip = { ...VIP, holders: members!.map(({ name }) => name) };
  const options = { ...observing([vip], { hosts: hosts! }), settings: SETTINGS };
  return {
    recognise: recognised(members!, options),
    remember: remembered(members!, options),
    agree: agreed(members!, options, () => FILE),
    reload: reloaded(members!, options),
    health: heldOnce(hosts!, options),
  };
});

const recorded = cached(
  (record: string): ReadonlySet<string> => new Set(recordedIn(record).map(({ address }) => address)),
);

/** Caches results: few distinct texts recur in many cases. */
function cached<Value>(make: (key: string) => Value): (key: string) => Value {
  const known = new Map<string, Value>();
  return (key) => {
    let value = known.get(key);
    if (value === undefined) known.set(key, (value = make(key)));
    return value;
  };
}

/** How a deployment ended. */
export type End = 'refused' | 'stopped' | 'done';

/** Events other than deployments. */
export type Event =
  | 'crash'
  | 'boot'
  | 'silence'
  | 'answer'
  | 'stop'
  | 'disable'
  | 'start'
  | 'remove'
  | 'demote'
  | 'add'
  | 'part'
  | 'heal'
  | 'lose the disk';

/** A small network of machines with one virtual IP, and the inventory of an operator. */
export class World {
  readonly machines: readonly Machine[] = MACHINES.map(() => ({
    up: true,
    reachable: true,
    runs: false,
    enabled: false,
    side: 0,
  }));
  listed: readonly number[] = [0, 1, 2];
  holders: readonly number[] = [0, 1, 2];
  password = 1;
  /** Changes of the last deployment, in order. */
  readonly done: string[] = [];
  /** A copy of this world. */
  copy(): World {
    const copy = new World();
    for (const [index, machine] of this.machines.entries()) Object.assign(copy.machine(index), machine);
    Object.assign(copy, { listed: this.listed, holders: this.holders, password: this.password });
    return copy;
  }

  /** Called after each step of a deployment. */
  afterStep: () => void = () => undefined;

  get #operations(): Operations {
    return operationsOf(JSON.stringify([this.listed, this.holders]));
  }

  machine(index: number): Machine {
    return this.machines[index]!;
  }

  /** Whether advertisements of `from` reach `to`: it is up, on the same side, and a peer. */
  #hears(to: number, from: number): boolean {
    const { loaded } = this.machine(from);
    if (!loaded || this.machine(from).side !== this.machine(to).side) return false;
    const address = MACHINES[to]!.address;
    return loaded.holders.includes(to) || recorded(loaded.former).has(address);
  }

  /** The holders of the address: all that run, except those that hear a higher priority with the same password. */
  holding(): readonly number[] {
    const candidates = this.machines
      .map((machine, index) => ({ machine, index, place: machine.loaded?.holders.indexOf(index) ?? -1 }))
      .filter(({ machine, place }) => machine.up && machine.runs && place >= 0)
      .sort((a, b) => a.place - b.place || a.index - b.index);
    const holding: number[] = [];
    for (const { machine, index } of candidates) {
      const yields = holding.some(
        (other) =>
          this.#hears(index, other) && this.machine(other).loaded?.password === machine.loaded?.password,
      );
      if (!yields) holding.push(index);
    }
    return holding;
  }

  /** The maximum number of holders on one side of a partition. */
  mostOnOneSide(): number {
    const sides = this.holding().map((index) => this.machine(index).side);
    return Math.max(0, ...sides.map((side) => sides.filter((other) => other === side).length));
  }

  /** A machine's answer to osha. */
  view(index: number, holding = this.holding()): Answer<HolderView> {
    const own = this.machine(index);
    if (!own.up || !own.reachable) return { reachable: false, reason: 'timed out' };
    const addresses = new Set([MACHINES[index]!.address]);
    if (holding.includes(index)) addresses.add(VIP.address);
    const heard = {
      failed: undefined,
      macs: new Map<string, Set<string>>(),
      closed: new Set<string>(),
      speaks: new Set<string>(),
    };
    for (const [other, machine] of this.machines.entries()) {
      if (other === index || !machine.up || machine.side !== own.side) continue;
      const { address } = MACHINES[other]!;
      heard.macs.set(address, new Set([mac(other)]));
      if (!machine.runs) heard.closed.add(address);
      if (!holding.includes(other)) continue;
      heard.macs.set(VIP.address, (heard.macs.get(VIP.address) ?? new Set()).add(mac(other)));
      if (this.#hears(index, other)) heard.speaks.add(address);
    }
    return {
      reachable: true,
      observed: {
        unit: own.runs ? 'active' : 'inactive',
        addresses,
        macs: new Set([mac(index)]),
        instances: own.file && [
          {
            name: VIP.name,
            routerId: 20,
            advertSeconds: 1,
            multicast: false,
            addresses: [VIP.address],
            holders: own.file.holders.map((holder) => MACHINES[holder]!),
          },
        ],
        samePassword: own.file && own.file.password === this.password,
        text: '',
        records: new Map(own.record === undefined ? [] : [[VIP.name, own.record]]),
        heard: this.holders.includes(index) ? new Map([[VIP.name, heard]]) : new Map(),
      },
    };
  }

  /** The findings of `status`. */
  judged(): readonly Finding[] {
    return this.#operations.health.judge(this.#answers(this.listed));
  }

  /**
   * Runs the steps of the playbook with the product's decisions. `limit` are the hosts of `--limit`, and `full` a machine
   * with a full disk.
   */
  deploy(limit: readonly number[] = this.listed, full = -1): End {
    this.done.length = 0;
    const { recognise, remember, agree, reload } = this.#operations;
    const gone = new Set(limit.filter((index) => !this.machine(index).up || !this.machine(index).reachable));
    const cluster = (decide: (round: number) => ClusterDecision, act: (change: HostChange) => void): End => {
      if (this.holders.some((index) => gone.has(index))) return 'stopped';
      for (let round = 0; ; round += 1) {
        const decision = decide(round);
        if (decision.verdict === 'refuse') return 'refused';
        if (decision.verdict === 'converged') return 'done';
        if (round > 2) throw new Error(`it has not ended after ${round} rounds`);
        for (const stage of decision.stages) {
          if (stage.some(({ host }) => !limit.includes(indexOf(host)))) return 'stopped';
          const failed = gone.size;
          for (const entry of stage) {
            this.done.push(`${entry.host}: ${entry.change.summary}`);
            act(entry);
          }
          this.afterStep();
          if (gone.size > failed) return 'stopped';
        }
      }
    };
    const asked = (): ReadonlyMap<string, Answer<HolderView>> => this.#answers(this.holders);
    const before = cluster(
      () => recognise.decide(asked()),
      () => undefined,
    );
    if (before !== 'done') return before;
    for (const index of limit) {
      const machine = this.machine(index);
      if (gone.has(index) || this.holders.includes(index) || !machine.file) continue;
      if (!machine.runs && !machine.enabled) continue;
      machine.runs = machine.enabled = false;
      this.done.push(`${MACHINES[index]!.name}: stop`);
    }
    this.afterStep();
    const known = cluster(
      () => remember.decide(asked()),
      ({ host, change }) => {
        const { input } = change;
        if (input === undefined || typeof input === 'function' || input instanceof Uint8Array) return;
        this.machine(indexOf(host)).record = asSecretText(input).reveal();
      },
    );
    if (known !== 'done') return known;
    const changed = cluster(
      () => agree.decide(asked()),
      ({ host }) => {
        const index = indexOf(host);
        if (index === full) gone.add(index);
        else this.#write(index);
      },
    );
    if (changed !== 'done') return changed;
    for (const index of this.holders.filter((one) => limit.includes(one))) {
      if (index === full) gone.add(index);
      else this.#write(index);
    }
    const taken = cluster(
      () => reload.decide(this.#units()),
      ({ host, change }) => {
        if (/^reload keepalived \(\S+ is newer|files are newer/.test(change.summary))
          this.#load(indexOf(host));
      },
    );
    if (taken !== 'done') return taken;
    for (const index of this.holders.filter((one) => limit.includes(one))) {
      const machine = this.machine(index);
      if (machine.runs) continue;
      machine.runs = machine.enabled = true;
      this.done.push(`${MACHINES[index]!.name}: start`);
      this.#load(index);
      this.afterStep();
    }
    return 'done';
  }

  /** Applies an event to a machine. */
  happen(event: Event, index: number): void {
    const machine = this.machine(index);
    switch (event) {
      case 'crash':
        machine.up = false;
        break;
      case 'boot':
        if (machine.up) break;
        machine.up = true;
        machine.runs = machine.enabled && machine.file !== undefined;
        if (machine.runs) this.#load(index);
        break;
      case 'silence':
        machine.reachable = false;
        break;
      case 'answer':
        machine.reachable = true;
        break;
      case 'stop':
        machine.runs = false;
        break;
      case 'disable':
        machine.runs = machine.enabled = false;
        break;
      case 'start':
        if (!machine.file || !machine.up || !machine.enabled) break;
        machine.runs = true;
        this.#load(index);
        break;
      case 'remove':
        if (this.listed.length > 1) this.listed = this.listed.filter((one) => one !== index);
        this.#demote(index);
        break;
      case 'demote':
        this.#demote(index);
        break;
      case 'add':
        if (!this.listed.includes(index)) this.listed = [...this.listed, index];
        if (!this.holders.includes(index)) this.holders = [...this.holders, index];
        break;
      case 'part':
        machine.side = 1;
        break;
      case 'heal':
        machine.side = 0;
        break;
      case 'lose the disk':
        Object.assign(machine, {
          runs: false,
          enabled: false,
          file: undefined,
          record: undefined,
          loaded: undefined,
        });
        break;
    }
  }

  #demote(index: number): void {
    const left = this.holders.filter((one) => one !== index && this.listed.includes(one));
    this.holders = left.length > 0 ? left : this.listed.slice(0, 1);
  }

  #write(index: number): void {
    const machine = this.machine(index);
    const wanted = { holders: this.holders, password: this.password };
    if (!isSame(machine.file, wanted)) {
      // Debian's package enables its unit, so keepalived starts at the next boot if it has a file.
      if (machine.file === undefined) machine.enabled = true;
      machine.file = wanted;
      this.done.push(`${MACHINES[index]!.name}: write`);
    }
  }

  #load(index: number): void {
    const machine = this.machine(index);
    machine.loaded = machine.file && { ...machine.file, former: machine.record ?? '' };
  }

  #units(): ReadonlyMap<string, Answer<{ unit: UnitState; view: HolderView }>> {
    const holding = this.holding();
    return new Map(
      this.holders.map((index) => {
        const answer = this.view(index, holding);
        const { runs, file, record, loaded } = this.machine(index);
        const changed = isSame(file, loaded) && loaded?.former === (record ?? '') ? 1 : 3;
        const unit: UnitState = {
          active: runs ? 'active' : 'inactive',
          sub: '',
          masked: false,
          isInstalled: true,
          boot: 'enabled',
          loadedAt: 2,
          reloadFailed: false,
          managed: false,
          now: 4,
          changed: new Map([[CONF, changed]]),
        };
        return [
          MACHINES[index]!.name,
          answer.reachable ? { reachable: true, observed: { unit, view: answer.observed } } : answer,
        ];
      }),
    );
  }

  #answers(indexes: readonly number[]): ReadonlyMap<string, Answer<HolderView>> {
    const holding = this.holding();
    return new Map(indexes.map((index) => [MACHINES[index]!.name, this.view(index, holding)]));
  }
}

function isSame(one: Configuration | undefined, other: Configuration | undefined): boolean {
  return one?.password === other?.password && one?.holders.join() === other?.holders.join();
}

function indexOf(host: string): number {
  return MACHINES.findIndex(({ name }) => name === host);
}

function mac(index: number): string {
  return `02:00:00:00:00:1${index}`;
}
