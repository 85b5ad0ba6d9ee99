/** Comma-separated values (RFC 4180), with any of the three line ends. */

export interface CsvRecord {
  /** Line of its last cell, counted from 1. */
  line: number;
  /** Cells without blanks around them; what is in quotes stays as it is. */
  cells: string[];
}

/**
 * The records of a text, without those that are empty; a byte order mark is left out.
 * @throws Error naming the line of a quote that is not closed, or that stands within a cell.
 */
export function parseCsv(text: string): CsvRecord[] {
  const records: CsvRecord[] = [];
  const cell = /[^\S\r\n]*(?:"((?:[^"]|"")*)"[^\S\r\n]*|([^,"\r\n]*))(,|\r\n|\n|\r|$)/y;
  cell.lastIndex = text.startsWith("\ufeff") ? 1 : 0;
  let [line, cells] = [1, [] as string[]];
  while (cell.lastIndex < text.length || cells.length > 0) {
    const found = cell.exec(text);
    if (!found) throw new Error(`line ${line} has a quote that is not closed, or within a cell`);
    const [, quoted, plain, end] = found;
    line += quoted?.match(/\r\n|\n|\r/g)?.length ?? 0;
    cells.push(quoted?.replaceAll('""', '"') ?? plain.trim());
    if (end === ",") continue;
    if (cells.length > 1 || cells[0] !== "" || quoted !== undefined) records.push({ line, cells });
    cells = [];
    line++;
  }
  return records;
}
