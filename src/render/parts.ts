import type { CloudEventSink } from '../cloud/events.ts';
import { jsonLine } from '../text/json-line.ts';
import { visibleBehind, visibleInLine } from '../text/visible.ts';
import { createColors, type Colors } from './colors.ts';
import type { GuardedOutput } from './output.ts';
import type { RendererKind } from './renderer.ts';
import { failureLines, headOf, verdictOf, type PartsRenderer } from './part-lines.ts';
import { indented } from './text.ts';

export interface PartsRendererOptions {
  readonly color: boolean;
  /** Also what is waited for, in lines. */
  readonly verbose: boolean;
  /** For `interactive` a terminal. */
  readonly stdout: GuardedOutput;
  readonly stderr: GuardedOutput;
}

/** The renderer of a kind, as `createRenderer` has them for a run. */
export async function createPartsRenderer(
  kind: RendererKind,
  options: PartsRendererOptions,
): Promise<PartsRenderer> {
  const { stdout, stderr, color } = options;
  const colors = createColors(color && kind !== 'json');
  const notice = (text: string): void => void stderr.write(`${text}\n`);
  const finish = async (): Promise<void> => undefined;
  const abandon = notice;
  switch (kind) {
    case 'json':
      return { sink: (event) => void stdout.write(`${jsonLine(event)}\n`), notice, finish, abandon };
    case 'plain':
      return { sink: plainSink(colors, options), notice, finish, abandon };
    case 'interactive': {
      const { interactiveParts } = await import('./interactive-parts.ts');
      return interactiveParts({ colors, stdout, stderr });
    }
  }
}

function plainSink(colors: Colors, { verbose, stdout }: PartsRendererOptions): CloudEventSink {
  const titles = new Map<string, string>();
  const say = (line: string): void => void stdout.write(`${line}\n`);
  return (event) => {
    switch (event.event) {
      case 'smoke-started':
        for (const { part, title } of event.parts) titles.set(part, title);
        say(headOf(event));
        break;
      case 'part-started':
        break;
      case 'progress':
        if (verbose) say(colors.faint(`    ${visibleInLine(event.text)}`));
        break;
      case 'remark':
        say(`  ${colors.changed('note:')} ${visibleBehind(event.text)}`);
        break;
      case 'part-finished':
        say(`  ${visibleInLine(titles.get(event.part) ?? event.part)}: ${verdictOf(event, colors)}`);
        for (const line of failureLines(event, colors)) say(indented(line, '    '));
        break;
    }
  };
}
