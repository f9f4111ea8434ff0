/** A step on a host, as in events. */
interface Where {
  readonly phase: string;
  readonly step: string;
  readonly host: string;
}

/** A change that a saved plan announces. */
export interface ApprovedChange extends Where {
  readonly summary: string;
}

/** An operation that may have something to do once the changes before it are made. */
export interface ApprovedOperation extends Where {
  /** Its title. */
  readonly operation: string;
}

/** What a run may do: the changes of a saved plan, and whatever the operations do that it could not foresee. */
export class Approval {
  readonly #changes: ReadonlySet<string>;
  readonly #operations: ReadonlySet<string>;

  constructor(changes: readonly ApprovedChange[], operations: readonly ApprovedOperation[]) {
    this.#changes = new Set(changes.map((change) => keyOf(change, change.summary)));
    this.#operations = new Set(operations.map((one) => keyOf(one, one.operation)));
  }

  allows(where: Where, operation: string, summary: string): boolean {
    return this.#changes.has(keyOf(where, summary)) || this.#operations.has(keyOf(where, operation));
  }
}

function keyOf({ phase, step, host }: Where, what: string): string {
  return JSON.stringify([phase, step, host, what]);
}
