// Which page of the book belongs to a page of the portal, and what of it a pane shows.

const pages: readonly (readonly [prefix: string, page: string])[] = [
  ['/users/import', 'reference/portal.html'],
  ['/dirsync/plan', 'guides/preview.html'],
  ['/dirsync/runs', 'guides/runs-and-history.html'],
  ['/dirsync/errors', 'errors/README.html'],
  ['/dirsync/precheck', 'guides/precheck.html'],
  ['/dirsync/rules', 'guides/writing-rules.html'],
  ['/dirsync/troubleshoot', 'guides/troubleshooting.html'],
  ['/dirsync', 'concepts/how-a-change-travels.html'],
  ['/domains', 'guides/domains.html'],
  ['/setup', 'guides/first-day.html'],
];

/** The book's page for a path of the portal; where no other fits, that of the whole portal. */
export function helpPage(pathname: string): string {
  const found = pages.find(([prefix]) => pathname === prefix || pathname.startsWith(`${prefix}/`));
  return found?.[1] ?? 'reference/portal.html';
}

/** What a page of the book says, as a part of another page: its links lead from there to a window of their own. */
export function helpContent(html: string, address: string): string {
  const main = new DOMParser().parseFromString(html, 'text/html').querySelector('main');
  if (!main) return '';
  for (const script of main.querySelectorAll('script, style, iframe, form')) script.remove();
  for (const element of main.querySelectorAll('*')) {
    // Ids of the pane would be those of the page as well.
    for (const { name } of [...element.attributes]) if (name === 'id' || name.startsWith('on')) element.removeAttribute(name);
  }
  for (const link of main.querySelectorAll('a')) {
    const to = link.getAttribute('href');
    if (to === null) continue;
    const url = new URL(to, address);
    if (url.protocol !== 'http:' && url.protocol !== 'https:') {
      link.removeAttribute('href');
      continue;
    }
    link.setAttribute('href', url.href);
    link.setAttribute('target', '_blank');
    link.setAttribute('rel', 'noreferrer');
  }
  for (const image of main.querySelectorAll('img')) image.setAttribute('src', new URL(image.getAttribute('src') ?? '', address).href);
  for (const table of main.querySelectorAll('table, pre')) table.setAttribute('tabindex', '0');
  return main.innerHTML;
}
