import { OshaError } from '../text/error.ts';

/** Something that an availability test found wrong, or that kept it from going on. */
export class DrillError extends OshaError {
  override name = 'DrillError';
}
