import { DOMParser, type Element } from '@xmldom/xmldom';

/** One element of an XML document, without text nodes: the cluster tools print none that matter. */
export interface XmlElement {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: readonly XmlElement[];
}

/**
 * Parses the output of the cluster tools and returns the root element; text around the document is ignored. Throws an
 * `Error` with the position when the XML is not well-formed.
 */
export function parseXml(text: string): XmlElement {
  const document = text.slice(Math.max(0, text.indexOf('<')), text.lastIndexOf('>') + 1);
  const faults: string[] = [];
  const parser = new DOMParser({
    onError: (_level, message) => {
      faults.push(message);
      throw new Error(message);
    },
  });
  try {
    const root = parser.parseFromString(document, 'text/xml').documentElement;
    if (root) return elementOf(root);
  } catch (error) {
    throw new Error(`no XML: ${faults[0] ?? String(error)}`, { cause: error });
  }
  throw new Error('no XML: it has no element');
}

function elementOf(node: Element): XmlElement {
  const children: XmlElement[] = [];
  for (let child = node.firstChild; child; child = child.nextSibling) {
    if (child.nodeType === child.ELEMENT_NODE) children.push(elementOf(child as Element));
  }
  const attributes = [...node.attributes].map(({ name, value }): [string, string] => [name, value]);
  return { name: node.tagName, attributes: new Map(attributes), children };
}

/** The children with this name. */
export function childrenNamed(element: XmlElement | undefined, name: string): readonly XmlElement[] {
  return element?.children.filter((child) => child.name === name) ?? [];
}

/** The element at a path of names: `childAt(cib, 'configuration', 'resources')`. */
export function childAt(element: XmlElement, ...path: readonly string[]): XmlElement | undefined {
  return path.reduce<XmlElement | undefined>(
    (found, name) => found?.children.find((child) => child.name === name),
    element,
  );
}

/** All descendants with one of these names, in document order. */
export function descendants(
  element: XmlElement | undefined,
  names: readonly string[],
): readonly XmlElement[] {
  return (element?.children ?? []).flatMap((child) => [
    ...(names.includes(child.name) ? [child] : []),
    ...descendants(child, names),
  ]);
}

/** The value of an attribute; empty without it. */
export function attribute(element: XmlElement, name: string): string {
  return element.attributes.get(name) ?? '';
}

const ENTITIES: ReadonlyMap<string, string> = new Map([
  ['&', '&amp;'],
  ['<', '&lt;'],
  ['>', '&gt;'],
  ['"', '&quot;'],
  ["'", '&apos;'],
]);

/** Escapes text for an attribute. */
export function escapeXml(value: string): string {
  return value.replace(/[&<>"']/g, (character) => ENTITIES.get(character) ?? character);
}

/** The text of an element without children. */
export function element(name: string, attributes: Readonly<Record<string, string>>): string {
  const words = Object.entries(attributes).map(([key, value]) => ` ${key}="${escapeXml(value)}"`);
  return `<${name}${words.join('')}/>`;
}
