import { afterEach, expect, it } from 'vitest';
import { changeTo, keepViews, savedViews, viewOf, withView } from './savedViews';

afterEach(() => localStorage.clear());

it('keeps what makes a view, and no open pane', () => {
  expect(viewOf(new URLSearchParams('user=u-1&dir=desc&q=ann&sort=mail&panel=new&view='))).toBe('q=ann&sort=mail&dir=desc');
  expect(changeTo('q=ann&sort=mail')).toEqual({ q: 'ann', sort: 'mail', view: undefined, dir: undefined, columns: undefined });
});

it('one of the same name is replaced', () => {
  const views = withView([{ name: 'a', query: 'q=1' }, { name: 'b', query: 'q=2' }], { name: 'a', query: 'q=3' });
  expect(views).toEqual([{ name: 'b', query: 'q=2' }, { name: 'a', query: 'q=3' }]);
  expect(keepViews('users', views)).toBe(true);
  expect(savedViews('users')).toEqual(views);
  expect(savedViews('groups')).toEqual([]);
  keepViews('users', []);
  expect(localStorage.length).toBe(0);
});

it.each(['{', '5', '{"a":1}', '[1, null, {"name": 1}, {"name": "x"}]'])('what is stored wrongly is passed over: %s', (text) => {
  localStorage.setItem('lockstep-views-users', text);
  expect(savedViews('users')).toEqual([]);
});
