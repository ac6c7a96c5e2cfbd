import { expect, it } from 'vitest';
import { helpContent, helpPage } from './help';

it.each([
  ['/dirsync', 'concepts/how-a-change-travels.html'],
  ['/dirsync/rules', 'guides/writing-rules.html'],
  ['/setup/guide', 'guides/first-day.html'],
  ['/domainsx', 'reference/portal.html'],
  ['/', 'reference/portal.html'],
])('%s: %s', (path, page) => expect(helpPage(path)).toBe(page));

it('takes what a page says, with links that lead out of the pane, and nothing that runs', () => {
  const html = `<html><nav>no</nav><main><h1 id="a" onclick="x()">Rules</h1><script>x()</script>
    <p><a href="../errors/README.html#b">errors</a> <a href="javascript:x()">no</a><img src="../images/a.png"></p></main></html>`;
  const shown = helpContent(html, 'https://x.example/docs/guides/rules.html');
  expect(shown).toContain('<h1>Rules</h1>');
  expect(shown).toContain('href="https://x.example/docs/errors/README.html#b" target="_blank" rel="noreferrer"');
  expect(shown).toContain('<a>no</a>');
  expect(shown).toContain('src="https://x.example/docs/images/a.png"');
  expect(shown).not.toMatch(/script|nav|onclick|id=/);
  expect(helpContent('<p>nothing</p>', 'https://x.example/')).toBe('');
});
