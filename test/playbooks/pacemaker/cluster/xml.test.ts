import { describe, expect, it } from 'vitest';
import { attribute, childAt, descendants, parseXml } from '../../../../playbooks/pacemaker/cluster/xml.ts';

describe('parseXml', () => {
  it('keeps elements and attributes, resolves entities, and ignores comments and text', () => {
    const root = parseXml(
      `<?xml version="1.0"?><!-- <gone/> --><a one="1 &lt; 2 &amp;amp; &#65;&#x42;" two='"'><b><c n="1"/>text</b><c n="2"/></a>\n`,
    );
    expect(attribute(root, 'one')).toBe('1 < 2 &amp; AB');
    expect(attribute(root, 'two')).toBe('"');
    expect(descendants(root, ['c']).map((element) => attribute(element, 'n'))).toEqual(['1', '2']);
    expect(childAt(root, 'b', 'c')?.attributes.get('n')).toBe('1');
  });

  it.each([
    ['nothing at all', '', 'no XML: missing root element'],
    ['two documents', '<a/><b/>', 'Only one element can be added'],
    ['a truncated document', '<a><b>', 'unclosed xml tag(s): a, b'],
    ['tags that cross', '<a><b></a></b>', 'Opening and ending tag mismatch: "b" != "a"'],
    ['a stray angle bracket', '<a>1 < 2</a>', 'invalid tagName'],
    ['an entity of a DTD', '<!DOCTYPE a [<!ENTITY x "y">]><a b="&x;"/>', 'entity not found:&x;'],
  ])('refuses %s', (_, text, message) => {
    expect(() => parseXml(text)).toThrow(message);
  });
});
