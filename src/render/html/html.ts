import { visible } from '../../text/visible.ts';

/** HTML in which everything that is no markup of osha's own is escaped. Only `html` makes it. */
export class Html {
  readonly #text: string;

  private constructor(text: string) {
    this.#text = text;
  }

  /** Joins the literal pieces of a template, which are markup, with its contents. */
  static of(pieces: readonly string[], contents: readonly Content[]): Html {
    return new Html(
      pieces.map((piece, index) => (index === 0 ? piece : markupOf(contents[index - 1]) + piece)).join(''),
    );
  }

  toString(): string {
    return this.#text;
  }
}

/** What can stand in a template; `undefined` and `false` are nothing. */
export type Content = Html | string | number | undefined | false | readonly Content[];

/**
 * A template for HTML. Texts in it are escaped, the only place where that happens: markup characters become entities, and
 * what is not seen (control characters, those that change the direction of text) is shown as in a terminal.
 */
export function html(pieces: TemplateStringsArray, ...contents: readonly Content[]): Html {
  return Html.of(pieces, contents);
}

function markupOf(content: Content): string {
  if (content === undefined || content === false) return '';
  if (content instanceof Html) return content.toString();
  if (typeof content === 'object') return content.map(markupOf).join('');
  return escaped(String(content));
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escaped(text: string): string {
  return visible(text).replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
}
