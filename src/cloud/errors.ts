import { OshaError } from '../text/error.ts';

/** A request that a service of the cloud did not carry out, or did not answer. */
export class CloudError extends OshaError {
  override name = 'CloudError';
  /** As the catalogue calls it; absent where it is about the way to the cloud. */
  readonly service: string | undefined;
  /** Of the answer; 0 where there was none. */
  readonly status: number;

  constructor(
    message: string,
    options: { service?: string; status?: number; hint?: string | undefined; cause?: unknown } = {},
  ) {
    super(message, { hint: options.hint, cause: options.cause });
    this.service = options.service;
    this.status = options.status ?? 0;
  }
}

/** Nothing of a request was sent: there was no connection. */
export class NotSent extends OshaError {
  override name = 'NotSent';
}

/** A connection ended, or said nothing for too long, while a request was under way: nobody knows whether it was carried out. */
export class Broken extends OshaError {
  override name = 'Broken';
}

/** There is no way to the cloud: neither from this machine nor through any host. */
export class NoWay extends NotSent {
  override name = 'NoWay';

  /** `hint` is how there could be one. */
  constructor(message: string, hint: string) {
    super(message, { hint, exitCode: 4 });
  }
}
