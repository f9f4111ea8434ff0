/** Secrets that cannot be read or written, with what to do about it. Never holds a value. */
export class SecretsError extends Error {
  override name = 'SecretsError';
  readonly hint: string;

  constructor(message: string, hint: string, options?: ErrorOptions) {
    super(message, options);
    this.hint = hint;
  }
}
