import { OshaError } from '../text/error.ts';

/** A request that a service of the cloud rejected or did not answer. */
export class CloudError extends OshaError {
  override name = 'CloudError';
  /** The service's type; absent if the error is not about one service. */
  readonly service: string | undefined;
  /** The status of the response; 0 without one. */
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

/** The request was not sent: no connection. */
export class NotSent extends OshaError {
  override name = 'NotSent';
}

/** The connection broke or timed out after the request was sent: whether it was carried out is unknown. */
export class Broken extends OshaError {
  override name = 'Broken';
}

/** No route to the cloud, neither from this machine nor through a host. */
export class CloudUnreachable extends NotSent {
  override name = 'CloudUnreachable';

  /** `hint` says how to get one. */
  constructor(message: string, hint: string) {
    super(message, { hint, exitCode: 4 });
  }
}
