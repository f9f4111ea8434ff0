import type { EventSink } from '../runner/events.ts';
import type { Output } from './output.ts';

/** Writes every event as one line of JSON, as it comes. */
export function jsonSink(stdout: Output): EventSink {
  return (event) => {
    stdout.write(`${JSON.stringify(event)}\n`);
  };
}
