import { type Command, CommanderError } from 'commander';
import { createProgram } from '../../src/cli/cli.ts';
import { silentIo } from './silent-io.ts';

/** A call that the real program accepts. */
export interface Call {
  /** `secrets rotate`. */
  readonly verb: string;
  /** By the name of the argument, as help has it. */
  readonly operands: ReadonlyMap<string, readonly string[]>;
  readonly options: Readonly<Record<string, unknown>>;
}

/** The program as it is. */
export function realProgram(): Command {
  return createProgram({ io: silentIo(), command: 'osha', exitCode: 0 });
}

/** The same program, which only notes what it was called with. */
export function readingProgram(note: (call: Call) => void = () => undefined): Command {
  const program = realProgram();
  for (const command of allCommands(program)) {
    if (command.commands.length > 0) continue;
    const verb = verbOf(command);
    command.action(() => {
      const operands = command.registeredArguments.map((argument, index) => {
        const value: unknown = command.processedArgs[index];
        return [argument.name(), (Array.isArray(value) ? value : [value]).map(String)] as const;
      });
      note({ verb, operands: new Map(operands), options: command.opts() });
    });
  }
  return program;
}

/** The program and everything below it. */
export function allCommands(command: Command): readonly Command[] {
  return [command, ...command.commands.flatMap(allCommands)];
}

/** How a command is called: `secrets rotate`. */
export function verbOf(command: Command): string {
  const above = command.parent?.parent ? `${verbOf(command.parent)} ` : '';
  return above + command.name();
}

/** Why the real program refuses a call. */
export interface RefusedCall {
  readonly refused: string;
  /** It is the beginning of a call: it names a verb, and lacks an argument or an option that the verb requires. */
  readonly isIncomplete: boolean;
}

/** Codes of commander: without an argument, a required option, or the verb below a group such as `secrets`. */
const INCOMPLETE: ReadonlySet<string> = new Set([
  'commander.missingArgument',
  'commander.missingMandatoryOptionValue',
  'commander.help',
]);

/** What the real program makes of `words`; nothing where they only ask for help. */
export function parsed(words: readonly string[]): Call | RefusedCall | undefined {
  let call: Call | undefined;
  try {
    readingProgram((made) => (call = made)).parse(words, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return undefined;
    return { refused: error.message, isIncomplete: INCOMPLETE.has(error.code) };
  }
  return call;
}

const BEGINNING = /(?<![\w/.{@-])(?:npx +|(?:\.{0,2}\/)?(?:[\w.-]+\/)*)osha +(?=[\w{-])/g;
/** Words that calls of osha have and sentences about it do not. */
const OF_A_CALL = /^(?:INVENTORY|\{computed\}|--\w.*|\S+\.ya?ml|\S+\.ts)$/;

/**
 * Every call of osha in `text`, without the word `osha`. `verbs` tells a call from a sentence about osha; in `code` there are no sentences.
 * A call ends with its line, with the quotes around it, and with what ends a command of a shell or a clause.
 */
export function shownIn(
  text: string,
  verbs: ReadonlySet<string>,
  code = false,
): readonly (readonly string[])[] {
  return [...text.matchAll(BEGINNING)].flatMap((match) => {
    const before = text.slice(0, match.index);
    const quote = /["'`]$/.exec(before)?.[0];
    const words = wordsOf(text.slice(match.index + match[0].length), quote);
    const [verb = ''] = words;
    const inSentence = /[\w,)] +$/.test(before);
    const isCall =
      code ||
      quote !== undefined ||
      (verb.startsWith('-') && !inSentence) ||
      (/^[a-z]/.test(verb) && words.slice(1, 3).some((word) => OF_A_CALL.test(word))) ||
      (verbs.has(verb) && !inSentence);
    return isCall ? [words] : [];
  });
}

/** Words of a shell, up to what ends its command. */
function wordsOf(text: string, closing: string | undefined): readonly string[] {
  const words: string[] = [];
  let rest = text;
  for (;;) {
    rest = rest.replace(/^ /, '');
    const [whole, single, double, plain] = /^(?:'([^'\n]*)'|"([^"\n]*)"|([^\s;&|<>()"'`]+))/.exec(rest) ?? [];
    if (whole === undefined || (closing !== undefined && rest.startsWith(closing)) || whole === '#') break;
    rest = rest.slice(whole.length);
    const word = single ?? double ?? plain ?? '';
    const said = plain === undefined ? word : word.replace(/[.,:?]+$/, '');
    if (said !== '') words.push(said);
    // The end of a clause.
    if (said !== word || !/^ \S/.test(rest)) break;
  }
  return words;
}
