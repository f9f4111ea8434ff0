/** One element of an XML document; text between elements is not kept, because the cluster's tools write none that matters. */
export interface XmlElement {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: readonly XmlElement[];
}

interface OpenElement extends XmlElement {
  readonly children: XmlElement[];
}

const NAMED_ENTITIES: ReadonlyMap<string, string> = new Map([
  ['amp', '&'],
  ['lt', '<'],
  ['gt', '>'],
  ['quot', '"'],
  ['apos', "'"],
]);

const NAME = String.raw`[A-Za-z_][\w:.-]*`;
const ATTRIBUTE = String.raw`\s+(${NAME})\s*=\s*(?:"([^"<]*)"|'([^'<]*)')`;
const MARKUP = new RegExp(
  String.raw`<!--[\s\S]*?-->|<\?[\s\S]*?\?>|<!\[CDATA\[[\s\S]*?\]\]>|</(?<closes>${NAME})\s*>|<(?<opens>${NAME})(?<attributes>(?:\s+[^\s=<>/]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(?<empty>/?)>`,
  'y',
);

function unescape(value: string): string {
  return value.replace(/&(?:#x([0-9a-fA-F]+)|#(\d+)|(\w+));/g, (whole, hex, decimal, name) => {
    if (hex !== undefined) return String.fromCodePoint(Number.parseInt(hex as string, 16));
    if (decimal !== undefined) return String.fromCodePoint(Number.parseInt(decimal as string, 10));
    return NAMED_ENTITIES.get(name as string) ?? whole;
  });
}

function attributesOf(text: string): ReadonlyMap<string, string> {
  return new Map(
    [...text.matchAll(new RegExp(ATTRIBUTE, 'g'))].map(([, name = '', double, single]) => [
      name,
      unescape(double ?? single ?? ''),
    ]),
  );
}

/**
 * The root of a document as libxml2 writes it: well-formed, without a DTD of its own. Throws an `Error` that says
 * where it stops making sense.
 */
export function parseXml(text: string): XmlElement {
  const top: XmlElement[] = [];
  const open: OpenElement[] = [];
  let at = text.indexOf('<');
  while (at >= 0 && at < text.length) {
    MARKUP.lastIndex = at;
    const markup = MARKUP.exec(text);
    if (!markup) throw new Error(`no XML at character ${at}: ${JSON.stringify(text.slice(at, at + 60))}`);
    const { closes, opens, attributes = '', empty } = markup.groups ?? {};
    const parent = open.at(-1);
    if (opens !== undefined) {
      const element: OpenElement = { name: opens, attributes: attributesOf(attributes), children: [] };
      (parent ? parent.children : top).push(element);
      if (empty !== '/') open.push(element);
    } else if (closes !== undefined) {
      if (parent?.name !== closes) {
        throw new Error(`</${closes}> at character ${at} closes ${parent ? `<${parent.name}>` : 'nothing'}`);
      }
      open.pop();
    }
    at = text.indexOf('<', MARKUP.lastIndex);
  }
  const unclosed = open.at(-1);
  if (unclosed) throw new Error(`<${unclosed.name}> is not closed: the document was cut short`);
  const [root] = top;
  if (!root || top.length !== 1) throw new Error(`one element was expected, not ${top.length}`);
  return root;
}

/** The children that have this name. */
export function childrenNamed(element: XmlElement | undefined, name: string): readonly XmlElement[] {
  return element?.children.filter((child) => child.name === name) ?? [];
}

/** The first child with each name in turn: `at(cib, 'configuration', 'resources')`. */
export function childAt(element: XmlElement, ...path: readonly string[]): XmlElement | undefined {
  return path.reduce<XmlElement | undefined>(
    (found, name) => found?.children.find((child) => child.name === name),
    element,
  );
}

/** Every element below this one that has one of these names, in the order of the document. */
export function descendants(
  element: XmlElement | undefined,
  names: readonly string[],
): readonly XmlElement[] {
  return (element?.children ?? []).flatMap((child) => [
    ...(names.includes(child.name) ? [child] : []),
    ...descendants(child, names),
  ]);
}

/** An attribute's value, or nothing where the element has no such attribute. */
export function attribute(element: XmlElement, name: string): string {
  return element.attributes.get(name) ?? '';
}

/** Text as it has to stand in an attribute. */
export function escapeXml(value: string): string {
  return value.replace(/[&<>"']/g, (character) => {
    const name = [...NAMED_ENTITIES].find(([, meant]) => meant === character)?.[0];
    return `&${name ?? ''};`;
  });
}

/** One element without children, as text. */
export function element(name: string, attributes: Readonly<Record<string, string>>): string {
  const words = Object.entries(attributes).map(([key, value]) => ` ${key}="${escapeXml(value)}"`);
  return `<${name}${words.join('')}/>`;
}
