/** Characters of a form by which it is looked up; a shorter one is compared as it is. */
const GRAM = 4;

/** A place in a text, and what is to stand there. */
export interface Found {
  readonly from: number;
  readonly to: number;
  readonly mask: string;
}

function slotOf(text: string, at: number): number {
  const [a, b, c, d] = [0, 1, 2, 3].map((offset) => text.charCodeAt(at + offset));
  return slot(a ?? 0, b ?? 0, c ?? 0, d ?? 0);
}

function slot(a: number, b: number, c: number, d: number): number {
  return (((a * 31 + b) * 31 + c) * 31 + d) & 0xffff;
}

/**
 * Texts that stand for secrets, and where they are in another text. An index and not one regular expression: dozens of
 * secrets have more than a thousand forms, of which a regular expression tries each at every place.
 */
export class SecretForms {
  readonly #masks = new Map<string, string>();
  /** By their first characters, the longest first: one value can be the beginning of another. */
  readonly #byGram = new Map<string, string[]>();
  /** Whether anything begins with characters of that slot. */
  readonly #begins = new Uint8Array(0x10000);
  readonly #short: string[] = [];

  /** The first mask of a form counts. */
  add(form: string, mask: string): void {
    if (form === '' || this.#masks.has(form)) return;
    this.#masks.set(form, mask);
    if (form.length < GRAM) {
      this.#short.push(form);
      return;
    }
    const gram = form.slice(0, GRAM);
    const others = this.#byGram.get(gram) ?? [];
    this.#byGram.set(
      gram,
      [...others, form].sort((a, b) => b.length - a.length),
    );
    this.#begins[slotOf(form, 0)] = 1;
  }

  /** Every form of at least `shortest` characters in `text`, in order and apart. Takes time in proportion to the text. */
  in(text: string, shortest = 0): readonly Found[] {
    const found: Found[] = [];
    let [a, b, c] = [text.charCodeAt(0), text.charCodeAt(1), text.charCodeAt(2)];
    for (let at = 0; at < text.length; at += 1) {
      const d = text.charCodeAt(at + 3);
      const form = this.#begins[slot(a, b, c, d)] === 1 ? this.#formAt(text, at) : undefined;
      const whole = form ?? this.#short.find((short) => text.startsWith(short, at));
      if (whole !== undefined && whole.length >= shortest) {
        found.push({ from: at, to: at + whole.length, mask: this.#masks.get(whole) ?? '' });
        at += whole.length - 1;
        [a, b, c] = [text.charCodeAt(at + 1), text.charCodeAt(at + 2), text.charCodeAt(at + 3)];
      } else {
        a = b;
        b = c;
        c = d;
      }
    }
    return found;
  }

  #formAt(text: string, at: number): string | undefined {
    return this.#byGram.get(text.slice(at, at + GRAM))?.find((form) => text.startsWith(form, at));
  }
}
