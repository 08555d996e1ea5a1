import { expect, it } from 'vitest';
import { escapeHtml, htmlPage, link } from './html.ts';

it('escapeHtml escapes every character of markup', () => {
  expect(escapeHtml(`<a href="x" b='y'>&amp;</a>`)).toBe(
    '&lt;a href=&quot;x&quot; b=&#39;y&#39;&gt;&amp;amp;&lt;/a&gt;',
  );
});

it('link escapes address and text', () => {
  expect(link('/x?a=1&b="', '<b>')).toBe('<a href="/x?a=1&amp;b=&quot;">&lt;b&gt;</a>');
});

it('htmlPage escapes the title, not the body', () => {
  const page = htmlPage('<t>', '<p>x</p>');
  expect(page).toContain('<title>&lt;t&gt;</title>');
  expect(page).toContain('\n<p>x</p>\n');
});
