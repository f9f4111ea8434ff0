import { OshaError } from '../text/error.ts';

/** A backup that could not be made, read or restored. */
export class BackupError extends OshaError {
  override name = 'BackupError';
}
