// The CSV of users to create: the fifteen columns of the Microsoft 365 admin center, in their order. Reads a file,
// judges every row before anything is written, and makes files to download. No I/O.
import { parseCsv, writeCsv } from './csv';

/** Columns in their order: the heading, the Graph property, the most characters. Source: "Add several users at the same time". */
export const csvColumns = [
  { heading: 'User Name', property: 'userPrincipalName', most: 79 },
  { heading: 'First Name', property: 'givenName', most: 64 },
  { heading: 'Last Name', property: 'surname', most: 64 },
  { heading: 'Display Name', property: 'displayName', most: 256 },
  { heading: 'Job Title', property: 'jobTitle', most: 64 },
  { heading: 'Department', property: 'department', most: 64 },
  { heading: 'Office Number', property: 'officeLocation', most: 128 },
  { heading: 'Office Phone', property: 'businessPhones', most: 64 },
  { heading: 'Mobile Phone', property: 'mobilePhone', most: 64 },
  { heading: 'Fax', property: 'faxNumber', most: 64 },
  { heading: 'Address', property: 'streetAddress', most: 1_023 },
  { heading: 'City', property: 'city', most: 128 },
  { heading: 'State or Province', property: 'state', most: 128 },
  { heading: 'ZIP or Postal Code', property: 'postalCode', most: 40 },
  { heading: 'Country or Region', property: 'country', most: 128 },
] as const;

export type UserColumn = (typeof csvColumns)[number]['property'];

/** Users of one file. */
export const MOST_USERS = 1_000;
/** Bytes of a file: far above what so many users need. */
export const MOST_BYTES = 4 * 1024 * 1024;
const MOST_ALIAS = 50;
const MOST_DOMAIN = 48;

export type Problem =
  | { what: 'missing'; column: UserColumn }
  | { what: 'tooLong'; column: UserColumn; most: number }
  | { what: 'form'; column: UserColumn }
  | { what: 'alias'; column: UserColumn; most: number }
  | { what: 'domain'; column: UserColumn; domain: string; known: boolean }
  | { what: 'twice'; column: UserColumn; line: number }
  | { what: 'taken'; column: UserColumn }
  | { what: 'columns'; found: number };

export interface UserRow {
  /** The row of the file, as spreadsheets count: the headings are row 1. */
  line: number;
  values: Partial<Record<UserColumn, string>>;
  problems: Problem[];
}

export type FileProblem =
  | { what: 'encoding' }
  | { what: 'tooLarge' }
  | { what: 'quotes'; line: number }
  | { what: 'noRows' }
  | { what: 'tooMany'; found: number }
  | { what: 'noHeadings' }
  | { what: 'headingCount'; found: number }
  | { what: 'headingOrder'; heading: string; wanted: string };

export type Read = { ok: true; rows: UserRow[] } | { ok: false; problem: FileProblem };

/** The text of a file: UTF-8, or UTF-16 where it says so; undefined where it is neither. */
export function decode(bytes: Uint8Array): string | undefined {
  const encoding = bytes[0] === 0xff && bytes[1] === 0xfe ? 'utf-16le' : bytes[0] === 0xfe && bytes[1] === 0xff ? 'utf-16be' : 'utf-8';
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

const same = (a: string, b: string) => a.trim().toLowerCase() === b.toLowerCase();

/** The rows of a file, each with what is wrong with it in itself. */
export function readUsers(bytes: Uint8Array): Read {
  if (bytes.length > MOST_BYTES) return { ok: false, problem: { what: 'tooLarge' } };
  const text = decode(bytes);
  if (text === undefined) return { ok: false, problem: { what: 'encoding' } };
  const parsed = parseCsv(text);
  if (!parsed.ok) return { ok: false, problem: { what: 'quotes', line: parsed.line } };
  const [head, ...body] = parsed.rows;
  if (!head) return { ok: false, problem: { what: 'noRows' } };
  if (head.cells.some((cell) => cell.includes('@'))) return { ok: false, problem: { what: 'noHeadings' } };
  if (head.cells.length !== csvColumns.length) return { ok: false, problem: { what: 'headingCount', found: head.cells.length } };
  // Headings may be translated; one that is known must stand where it belongs.
  for (const [index, cell] of head.cells.entries()) {
    const known = csvColumns.findIndex((column) => same(cell, column.heading));
    if (known !== -1 && known !== index) {
      return { ok: false, problem: { what: 'headingOrder', heading: cell.trim(), wanted: csvColumns[index]?.heading ?? '' } };
    }
  }
  const filled = body.filter((row) => row.cells.some((cell) => cell.trim() !== ''));
  if (filled.length === 0) return { ok: false, problem: { what: 'noRows' } };
  if (filled.length > MOST_USERS) return { ok: false, problem: { what: 'tooMany', found: filled.length } };
  return { ok: true, rows: filled.map((row) => readRow(row.line, row.cells)) };
}

function readRow(line: number, cells: string[]): UserRow {
  const values: UserRow['values'] = {};
  const problems: Problem[] = [];
  if (cells.length !== csvColumns.length) problems.push({ what: 'columns', found: cells.length });
  for (const [index, column] of csvColumns.entries()) {
    const value = (cells[index] ?? '').trim();
    if (value === '') continue;
    values[column.property] = value;
    if (value.length > column.most) problems.push({ what: 'tooLong', column: column.property, most: column.most });
  }
  for (const column of ['userPrincipalName', 'displayName'] as const) {
    if (values[column] === undefined) problems.push({ what: 'missing', column });
  }
  if (values.userPrincipalName !== undefined) problems.push(...nameProblems(values.userPrincipalName));
  return { line, values, problems };
}

/** What a sign-in name may be made of before its @. */
const ALIAS = /^[\p{L}\p{N}!#^~'_+-]+(\.[\p{L}\p{N}!#^~'_+-]+)*$/u;
const DOMAIN = /^[a-z0-9-]+(\.[a-z0-9-]+)+$/i;

function nameProblems(name: string): Problem[] {
  const column = 'userPrincipalName';
  const at = name.lastIndexOf('@');
  const [alias, domain] = at === -1 ? [name, ''] : [name.slice(0, at), name.slice(at + 1)];
  if (!ALIAS.test(alias) || !DOMAIN.test(domain)) return [{ what: 'form', column }];
  return [
    ...(alias.length > MOST_ALIAS ? [{ what: 'alias' as const, column, most: MOST_ALIAS } satisfies Problem] : []),
    ...(domain.length > MOST_DOMAIN ? [{ what: 'tooLong' as const, column, most: MOST_DOMAIN } satisfies Problem] : []),
  ];
}

const domainOf = (name: string) => name.slice(name.lastIndexOf('@') + 1).toLowerCase();

export interface Known {
  /** The tenant's domains in small letters, and whether they are verified. */
  domains: ReadonlyMap<string, boolean>;
  /** Sign-in names of the file that somebody has already, in small letters. */
  taken: ReadonlySet<string>;
}

/** The rows, each with what is wrong with it beside the others and in this tenant. */
export function judgeUsers(rows: UserRow[], known: Known): UserRow[] {
  const first = new Map<string, number>();
  return rows.map((row) => {
    const name = row.values.userPrincipalName?.toLowerCase();
    if (name === undefined || row.problems.some((problem) => problem.what === 'form')) return row;
    const problems = [...row.problems];
    const domain = domainOf(name);
    if (known.domains.get(domain) !== true) {
      problems.push({ what: 'domain', column: 'userPrincipalName', domain, known: known.domains.has(domain) });
    }
    const line = first.get(name);
    if (line === undefined) first.set(name, row.line);
    else problems.push({ what: 'twice', column: 'userPrincipalName', line });
    if (known.taken.has(name)) problems.push({ what: 'taken', column: 'userPrincipalName' });
    return { ...row, problems };
  });
}

/** What Graph is asked to create for a row. The password profile is required by Graph and kept by nobody here. */
export function userOf(row: UserRow, accountEnabled: boolean): Record<string, unknown> {
  const { businessPhones, ...texts } = row.values;
  const name = row.values.userPrincipalName ?? '';
  return {
    accountEnabled,
    ...texts,
    ...(businessPhones === undefined ? {} : { businessPhones: [businessPhones] }),
    mailNickname: name.slice(0, name.lastIndexOf('@')),
    passwordProfile: {},
  };
}

/** A file to fill in; with a person to show how. */
export function template(domain: string, withSample: boolean): string {
  const sample = [`chris@${domain}`, 'Chris', 'Green', 'Chris Green', 'IT Manager', 'Information Technology', '123451', '123-555-1211', '123-555-6641', '123-555-6700', '1 Microsoft way', 'Redmond', 'Wa', '98052', 'United States'];
  return writeCsv([csvColumns.map((column) => column.heading), ...(withSample ? [sample] : [])]);
}
