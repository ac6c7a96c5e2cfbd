// CSV as RFC 4180 has it, read from what spreadsheets write: a comma or a semicolon between cells, any line end.

export interface CsvRow {
  /** The line on which it begins, from 1. */
  line: number;
  cells: string[];
}

export type Csv = { ok: true; rows: CsvRow[] } | { ok: false; line: number };

/** The rows of a text without its empty lines; where a quote is never closed, the line on which it was opened. */
export function parseCsv(text: string): Csv {
  const source = text.replace(/^\uFEFF/, '');
  const separator = separatorOf(source);
  const rows: CsvRow[] = [];
  let line = 1;
  let row: CsvRow = { line, cells: [] };
  let cell = '';
  let quotedSince: number | undefined;
  const endRow = () => {
    row.cells.push(cell);
    if (row.cells.some((one) => one !== '')) rows.push(row);
    cell = '';
  };
  for (let at = 0; at < source.length; at += 1) {
    const char = source[at] ?? '';
    const next = source[at + 1];
    if (char === '\n' || (char === '\r' && next !== '\n')) line += 1;
    if (quotedSince !== undefined) {
      if (char === '"' && next === '"') {
        cell += '"';
        at += 1;
      } else if (char === '"') quotedSince = undefined;
      else cell += char;
    } else if (char === '"' && cell.trim() === '') {
      cell = '';
      quotedSince = line;
    } else if (char === separator) {
      row.cells.push(cell);
      cell = '';
    } else if (char === '\n' || char === '\r') {
      if (char === '\r' && next === '\n') {
        at += 1;
        line += 1;
      }
      endRow();
      row = { line, cells: [] };
    } else cell += char;
  }
  if (quotedSince !== undefined) return { ok: false, line: quotedSince };
  endRow();
  return { ok: true, rows };
}

/** The separator of the first line: spreadsheets of some countries write semicolons, for commas are in their numbers. */
function separatorOf(text: string): ',' | ';' {
  const first = text.slice(0, text.search(/[\r\n]|$/));
  return first.split(';').length > first.split(',').length ? ';' : ',';
}

/** A CSV of these rows, with a byte order mark so that spreadsheets read it as UTF-8, and nothing that they would run as a formula. */
export function writeCsv(rows: readonly (readonly string[])[]): string {
  const cell = (text: string) => {
    const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
    return /[",;\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  };
  return `\uFEFF${rows.map((row) => `${row.map(cell).join(',')}\r\n`).join('')}`;
}

/** Hands a text to the browser as a file. */
export function download(name: string, text: string, type = 'text/csv;charset=utf-8') {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // The browser has begun to read it by then.
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
