/** A request that a service of the cloud did not carry out, or did not answer. */
export class CloudError extends Error {
  override name = 'CloudError';
  /** As the catalogue calls it; absent where it is about the way to the cloud. */
  readonly service: string | undefined;
  /** Of the answer; 0 where there was none. */
  readonly status: number;
  readonly hint: string | undefined;

  constructor(
    message: string,
    options: { service?: string; status?: number; hint?: string; cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause });
    this.service = options.service;
    this.status = options.status ?? 0;
    this.hint = options.hint;
  }
}

/** Nothing of a request was sent: there was no connection. */
export class NotSent extends Error {
  override name = 'NotSent';
}

/** A connection ended, or said nothing for too long, while a request was under way: nobody knows whether it was carried out. */
export class Broken extends Error {
  override name = 'Broken';
}

/** There is no way to the cloud: neither from this machine nor through any host. */
export class NoWay extends NotSent {
  override name = 'NoWay';
  readonly hint: string;

  constructor(message: string, hint: string) {
    super(message);
    this.hint = hint;
  }
}
