/** How a part came out. */
export type PartOutcome = 'ok' | 'failed' | 'skipped' | 'interrupted';

export interface PartFailure {
  readonly message: string;
  readonly hint?: string | undefined;
  /** The service that refused, where one did. */
  readonly service?: string | undefined;
}

/** What a part is called: by events, and by people. */
export interface PartTitle {
  readonly part: string;
  readonly title: string;
}

/** Everything that a check of a cloud tells, in the order in which it happens. */
export type CloudEvent =
  | {
      readonly event: 'smoke-started';
      readonly cloud: string;
      /** The run's id, which is in the name of everything that it makes. */
      readonly run: string;
      readonly parts: readonly PartTitle[];
    }
  | ({ readonly event: 'part-started' } & PartTitle)
  /** What the part waits for, or has just learned. */
  | { readonly event: 'progress'; readonly part: string; readonly text: string }
  /** Something that is no failure and is better known. */
  | { readonly event: 'remark'; readonly part: string; readonly text: string }
  | {
      readonly event: 'part-finished';
      readonly part: string;
      readonly outcome: PartOutcome;
      readonly durationMs: number;
      /** What was seen, or why it was left out. */
      readonly note: string;
      readonly failure?: PartFailure;
    };

export type CloudEventSink = (event: CloudEvent) => void;
