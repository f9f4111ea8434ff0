import { decideMembers } from '../../playbooks/rabbitmq/cluster/decide.ts';
import { membersOf } from '../../playbooks/rabbitmq/cluster/members.ts';
import type { ClusterDecision, HostChange } from '../../src/playbook/operation.ts';
import { ALL, bit, HOSTS, NAMES, NODES, Nodes, platform, type Node } from './rabbitmq-nodes.ts';
import { Foretold } from './foretold.ts';

/** Faults of a cluster, and actions of an operator. */
export type Fault =
  | { readonly kind: 'powerLoss' | 'outOfReach' | 'heal' | 'partition' | 'configure' | 'deploy' }
  | {
      readonly kind:
        'crash' | 'hang' | 'away' | 'diskLost' | 'forgotten' | 'reset' | 'stopApp' | 'publish' | 'boot';
      readonly node: number;
    };

/** The result of a deployment: healthy, refused, or a failed command. */
export type Outcome = 'healthy' | 'refused' | 'failed' | 'partly' | 'endless';
/** Applies faults and deployments to the nodes, and counts what deployments destroy. */
export class Model extends Nodes {
  /** Acknowledged messages whose last copy was not destroyed by a fault. */
  acknowledged = 0;
  #next = 0;
  /** Whether a cluster member was running at the last decision. */
  #lived = false;
  /** Violations by a deployment. */
  readonly harm: string[] = [];

  happen(fault: Fault): void {
    const node = 'node' in fault ? this.node(fault.node) : this.node(0);
    switch (fault.kind) {
      case 'powerLoss':
        for (const each of NODES) this.stop(each, 'down');
        return;
      case 'outOfReach':
        for (const each of this.nodes) each.hung = each.state === 'running';
        return;
      case 'heal':
        this.heal();
        return;
      case 'partition':
        // pause_minority: the disconnected node stops serving.
        if (this.groupOf(2) === ALL) {
          this.partitioned = 2;
          this.node(2).state = 'paused';
        }
        return;
      case 'configure':
        for (const each of this.nodes) each.outdated = true;
        return;
      case 'crash':
        this.stop(fault.node, 'failed');
        return;
      case 'hang':
        node.hung = node.state === 'running';
        return;
      case 'away':
        node.away = true;
        return;
      case 'diskLost':
        this.stop(fault.node, 'down');
        node.data = undefined;
        this.forgive();
        return;
      case 'forgotten':
        this.forgetBy(fault.node);
        return;
      case 'reset':
        if (node.state !== 'running' || !node.data) return;
        this.forgetIn(this.groupOf(fault.node), fault.node);
        node.data = this.blank(fault.node);
        this.forgive();
        return;
      case 'stopApp':
        if (node.state === 'running') node.state = 'idle';
        return;
      case 'publish':
        this.publish(fault.node);
        return;
      case 'boot':
        // An unconditional start, by a boot or an operator.
        if (node.state === 'down' || node.state === 'failed') this.start([fault.node]);
        return;
      case 'deploy':
        this.deploy();
    }
  }

  /** Repairs the network and all hosts. */
  heal(): void {
    for (const each of this.nodes) {
      each.hung = false;
      each.away = false;
    }
    if (this.partitioned >= 0) {
      const node = this.node(this.partitioned);
      this.partitioned = -1;
      if (node.state === 'paused') {
        node.state = 'down';
        this.start([this.nodes.indexOf(node)]);
      }
    }
  }

  private publish(index: number): void {
    const node = this.node(index);
    if (node.state !== 'running' || node.hung || this.#next >= 30) return;
    const message = 1 << this.#next;
    this.#next += 1;
    this.acknowledged |= message;
    for (const each of NODES) {
      const { data } = this.node(each);
      if (this.groupOf(index) & bit(each) && data) data.messages |= message;
    }
  }

  private kept(): number {
    return this.nodes.reduce((all, { data }) => all | (data?.messages ?? 0), 0);
  }

  /** Ignores what a fault has destroyed. */
  private forgive(): void {
    this.acknowledged &= this.kept();
  }

  private forgetBy(index: number): void {
    const peer = NODES.find((other) => other !== index && this.groupOf(other) !== 0);
    if (peer === undefined || this.node(index).state === 'running' || this.node(index).state === 'paused')
      return;
    this.forgetIn(this.groupOf(peer), index);
  }

  decide(): ClusterDecision {
    const key = this.key();
    const known = decisions.get(key);
    if (known) return known;
    const members = membersOf(HOSTS, this.observe());
    const decision = decideMembers(members, { platform, members: 3, typeOf: () => 'disc' });
    decisions.set(key, decision);
    return decision;
  }

  /** Observes, decides and acts until it converges or stops. */
  deploy(): Outcome {
    const foretold = new Foretold();
    let before = '';
    for (let round = 0; round < 7; round += 1) {
      const decision = this.decide();
      this.#lived = this.nodes.some(
        ({ state, data }, at) => state === 'running' && data !== undefined && (data.view & ~bit(at)) !== 0,
      );
      foretold.next(decision);
      if (decision.verdict === 'refuse') return 'refused';
      if (decision.verdict === 'converged') return this.groupOf(0) === ALL ? 'healthy' : 'partly';
      const now = decision.stages
        .flat()
        .map(({ host, change }) => host + change.summary)
        .join();
      if (now === before) return 'failed';
      before = now;
      for (const stage of decision.stages) if (!this.carryOut(stage)) return 'failed';
    }
    return 'endless';
  }

  private carryOut(stage: readonly HostChange[]): boolean {
    const indexOf = (host: string): number => HOSTS.findIndex(({ name }) => name === host);
    const starting = stage.filter(({ change }) => /^start (rabbitmq|the broker)/.test(change.summary));
    const done = stage
      .filter((entry) => !starting.includes(entry))
      .map(({ host, change }) => this.apply(indexOf(host), change.summary));
    for (const { host, change } of starting)
      if (/force_boot/.test(change.summary)) this.forceBoot(indexOf(host));
    const started = starting.length === 0 || this.start(starting.map(({ host }) => indexOf(host)));
    if ((this.acknowledged & ~this.kept()) !== 0) this.harm.push('an acknowledged message is gone');
    return started && done.every(Boolean);
  }

  /** Whether the script's own checks on the spot pass. */
  private apply(index: number, summary: string): boolean {
    const node = this.node(index);
    const target = NAMES.findIndex((name) => summary.includes(name));
    if (summary.startsWith('wait until it answers')) return true;
    if (summary.startsWith('stop the empty broker')) {
      if (!this.start([index]) || !this.isEmpty(node, index)) return false;
      node.state = 'idle';
      return true;
    }
    if (summary.startsWith('stop rabbitmq (its data is lost')) {
      if (node.state !== 'running' || !this.isEmpty(node, index)) return false;
      this.stop(index, 'down');
      return true;
    }
    if (summary.startsWith('forget ')) {
      if (node.state !== 'running' || this.node(target).state === 'running') return false;
      this.forgetIn(this.groupOf(index), target);
      return true;
    }
    if (summary.startsWith('join ')) return this.join(index, target);
    if (summary.startsWith('start without its data')) {
      if (node.state !== 'down' && node.state !== 'failed') return false;
      if ((node.data?.messages ?? 0) !== 0) return false;
      node.data = undefined;
      return this.start([index]);
    }
    if (summary.startsWith('restart rabbitmq')) {
      if (this.groupOf(index) !== ALL) this.harm.push('a node is restarted while another one does not run');
      this.stop(index, 'down');
      return this.start([index]);
    }
    throw new Error(`the model knows no change "${summary}"`);
  }

  /** It will wait for no other node; the nodes that start after it take its copy of everything. */
  private forceBoot(index: number): void {
    const { data } = this.node(index);
    if (!data) return;
    data.ranWith = 0;
    for (const other of NODES) {
      const theirs = this.node(other).data;
      if (theirs && data.view & bit(other) && theirs.view & bit(index) && theirs.messages & ~data.messages)
        this.harm.push('an older copy wins over a newer one');
    }
  }

  private isEmpty({ data }: Node, index: number): boolean {
    return data?.view === bit(index) && data.messages === 0;
  }

  private join(index: number, seed: number): boolean {
    const node = this.node(index);
    const peer = this.node(seed).data;
    if (node.state !== 'idle' && !this.start([index])) return false;
    if (this.node(seed).state !== 'running' || !peer || !this.isEmpty(node, index)) return false;
    if (peer.view & bit(index)) return false;
    if (!this.#lived && this.nodes.some(({ data }, at) => data && data.view & ~bit(at) & ~peer.view)) {
      this.harm.push('a second cluster is formed');
    }
    const group = this.groupOf(seed);
    const joined = { ...peer, view: peer.view | bit(index), disc: peer.disc | bit(index) };
    for (const each of NODES) {
      const { data } = this.node(each);
      if (group & bit(each) && data) {
        data.view |= bit(index);
        data.disc |= bit(index);
        data.ranWith |= bit(index);
      }
    }
    node.state = 'running';
    node.data = { ...joined, ranWith: group | bit(index) };
    return true;
  }
}

/** Caches decisions, which are pure. */
const decisions = new Map<string, ClusterDecision>();
