import { expect, it } from 'vitest';
import { html, type Content } from '../../../src/render/html/html.ts';
import { ALL_HOSTILE, LIVE } from '../../support/hostile.ts';

it.each<[string, Content, string]>([
  ['markup', '<b>&amp;</b>', '&lt;b&gt;&amp;amp;&lt;/b&gt;'],
  ['quotes, which could end an attribute', `"a' b`, '&quot;a&#39; b'],
  ['control characters', 'a\u001b[2Jb\u0000', 'a\\x1b[2Jb\\x00'],
  ['characters that turn the direction of text', 'a\u202eb', 'a\\u202eb'],
  ['a number', 3, '3'],
  ['nothing', undefined, ''],
  ['a condition that does not hold', false, ''],
  ['a list', ['<', html`<i>${'>'}</i>`], '&lt;<i>&gt;</i>'],
  ['markup that was made by a template', html`<i>${'<'}</i>`, '<i>&lt;</i>'],
])('a template escapes %s', (_, content, expected) => {
  expect(html`<p title="x">${content}</p>`.toString()).toBe(`<p title="x">${expected}</p>`);
});

it('a template lets nothing through that a browser shows as something else', () => {
  expect(html`${ALL_HOSTILE}`.toString()).not.toMatch(LIVE);
});
