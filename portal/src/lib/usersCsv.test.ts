import { describe, expect, it } from 'vitest';
import { parseCsv, writeCsv } from './csv';
import { csvColumns, decode, judgeUsers, MOST_USERS, readUsers, template, userOf } from './usersCsv';

const head = csvColumns.map((column) => column.heading).join(',');
const bytes = (text: string) => new TextEncoder().encode(text);
const row = (name: string, displayName = 'Ann Lee', rest = '') => `${name},Ann,Lee,${displayName},${rest || ',,,,,,,,,,'}`;
const rowsOf = (...lines: string[]) => {
  const read = readUsers(bytes([head, ...lines].join('\r\n')));
  if (!read.ok) throw new Error(read.problem.what);
  return read.rows;
};

describe('CSV', () => {
  it.each([
    ['a,b\r\nc,d\r\n', [['a', 'b'], ['c', 'd']]],
    ['a;b\nc;"d;e"', [['a', 'b'], ['c', 'd;e']]],
    ['"a ""b""",c', [['a "b"', 'c']]],
    ['a,"two\r\nlines"\r\nb,c', [['a', 'two\r\nlines'], ['b', 'c']]],
    ['\uFEFFa,b\n\n\nc,', [['a', 'b'], ['c', '']]],
    ['', []],
  ])('%j', (text, expected) => {
    const parsed = parseCsv(text);
    expect(parsed.ok && parsed.rows.map((one) => one.cells)).toEqual(expected);
  });

  it('counts rows as spreadsheets do, and names an open quotation mark', () => {
    const parsed = parseCsv('a,b\r\n\r\nc,d');
    expect(parsed.ok && parsed.rows.map((one) => one.line)).toEqual([1, 3]);
    expect(parseCsv('a,b\nc,"d\ne')).toEqual({ ok: false, line: 2 });
  });

  it('writes nothing that a spreadsheet runs, and reads back what it wrote', () => {
    const text = writeCsv([['=1+1', 'a "b", c', '-x']]);
    expect(parseCsv(text)).toEqual({ ok: true, rows: [{ line: 1, cells: ["'=1+1", 'a "b", c', "'-x"] }] });
  });
});

it.each([
  ['', 'noRows'],
  [head, 'noRows'],
  [`${head}\n,,,,,,,,,,,,,,`, 'noRows'],
  ['a,b,c\nd,e,f', 'headingCount'],
  [row('ann@contoso.com'), 'noHeadings'],
  [`${head.replace('First Name,Last Name', 'Last Name,First Name')}\nx`, 'headingOrder'],
  [`${head}\n"a`, 'quotes'],
  [`${head}\n${`${row('ann@contoso.com')}\n`.repeat(MOST_USERS + 1)}`, 'tooMany'],
])('a file that is none: %#', (text, problem) => {
  const read = readUsers(bytes(text));
  expect(!read.ok && read.problem.what).toBe(problem);
});

it('reads UTF-8 and UTF-16, and refuses what is neither', () => {
  expect(decode(bytes('Jürgen'))).toBe('Jürgen');
  expect(decode(new Uint8Array([0xff, 0xfe, 0x4a, 0x00, 0xfc, 0x00]))).toBe('Jü');
  expect(decode(new Uint8Array([0x4a, 0xfc]))).toBeUndefined();
});

it('takes translated headings in the same order', () => {
  const german = 'Benutzername,Vorname,Nachname,Anzeigename,Position,Abteilung,Büro,Telefon,Mobil,Fax,Straße,Ort,Land,PLZ,Region';
  expect(readUsers(bytes(`${german}\n${row('ann@contoso.com')}`)).ok).toBe(true);
});

it.each([
  [row('ann@contoso.com'), []],
  [row(' ', 'Ann'), ['missing userPrincipalName']],
  [row('ann@contoso.com', ' '), ['missing displayName']],
  [row('ann', 'Ann'), ['form userPrincipalName']],
  [row('ann lee@contoso.com'), ['form userPrincipalName']],
  [row('.ann@contoso.com'), ['form userPrincipalName']],
  [row(`${'a'.repeat(51)}@contoso.com`), ['alias userPrincipalName']],
  [row(`a@${'d'.repeat(50)}.com`), ['tooLong userPrincipalName']],
  [row('ann@contoso.com', 'x'.repeat(257)), ['tooLong displayName']],
  [`${row('ann@contoso.com')},one more`, ['columns ']],
])('a row: %#', (line, expected) => {
  const [read] = rowsOf(line);
  expect(read?.problems.map((problem) => `${problem.what} ${'column' in problem ? problem.column : ''}`)).toEqual(expected);
});

it('judges rows beside each other and in the tenant', () => {
  const rows = rowsOf(row('ann@contoso.com'), row('ANN@contoso.com'), row('bob@contoso.com'), row('cy@contoso.local'), row('di@nowhere.com'));
  const judged = judgeUsers(rows, {
    domains: new Map([['contoso.com', true], ['contoso.local', false]]),
    taken: new Set(['bob@contoso.com']),
  });
  expect(judged.map((one) => one.problems.map((problem) => problem.what))).toEqual([[], ['twice'], ['taken'], ['domain'], ['domain']]);
  expect(judged[1]?.problems[0]).toMatchObject({ line: 2 });
  expect(judged[3]?.problems[0]).toMatchObject({ known: true });
  expect(judged[4]?.problems[0]).toMatchObject({ known: false });
});

it('makes the user that Graph is asked for', () => {
  const [one] = rowsOf('ann@contoso.com,Ann,,Ann Lee,Clerk,,,+49 30 1,,,,,,,');
  expect(one && userOf(one, false)).toEqual({
    accountEnabled: false,
    userPrincipalName: 'ann@contoso.com',
    mailNickname: 'ann',
    givenName: 'Ann',
    displayName: 'Ann Lee',
    jobTitle: 'Clerk',
    businessPhones: ['+49 30 1'],
    passwordProfile: {},
  });
});

it('gives a template that it takes itself', () => {
  const read = readUsers(bytes(template('contoso.com', true)));
  expect(read.ok && read.rows.map((one) => [one.values.userPrincipalName, one.problems.length])).toEqual([['chris@contoso.com', 0]]);
  expect(readUsers(bytes(template('contoso.com', false))).ok).toBe(false);
});
