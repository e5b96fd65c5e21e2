import { cut, type Paint, printable, type Style, width } from './text.ts';

export interface Column {
  readonly title: string;
  /** Keeps its width when the table must shrink. */
  readonly fixed?: boolean;
  readonly align?: 'left' | 'right';
}

export interface Cell {
  readonly text: string;
  readonly style?: Style;
}

type Row = readonly (string | Cell)[];

interface Options {
  readonly columns: number;
  readonly paint: Paint;
}

/**
 * A table that fits into `columns` columns: the widest shrinkable column shrinks first. Cells are made safe for a
 * terminal.
 */
export function renderTable(columns: readonly Column[], rows: readonly Row[], options: Options): string {
  return [...tableLines(columns, () => rows, options)].join('');
}

/**
 * The same line by line, each with its line break. Calls `rows` twice, for the widths and for the lines, so that nobody
 * has to hold them all.
 */
export function* tableLines(
  columns: readonly Column[],
  rows: () => Iterable<Row>,
  options: Options,
): Generator<string, void> {
  const widths = columns.map(({ title }) => width(title));
  for (const row of rows()) {
    for (const [index, cell] of row.entries()) {
      widths[index] = Math.max(widths[index] ?? 0, width(safe(cell).text));
    }
  }
  shrink(widths, columns, options.columns);
  const line = (cells: readonly Cell[]): string =>
    `${columns
      .map((column, index) => {
        const cell = cells[index] ?? { text: '' };
        const space = widths[index] ?? 0;
        const text = cut(cell.text, space);
        const padding = ' '.repeat(Math.max(0, space - width(text)));
        const painted = cell.style === undefined ? text : options.paint(cell.style, text);
        return column.align === 'right' ? padding + painted : painted + padding;
      })
      .join('  ')
      .trimEnd()}\n`;
  yield line(columns.map((column): Cell => ({ text: column.title, style: 'bold' })));
  for (const row of rows()) yield line(row.map(safe));
}

function safe(cell: string | Cell): Cell {
  const full = typeof cell === 'string' ? { text: cell } : cell;
  return { ...full, text: printable(full.text) };
}

function shrink(widths: number[], columns: readonly Column[], available: number): void {
  const total = (): number => widths.reduce((sum, value) => sum + value, 2 * (widths.length - 1));
  while (total() > available) {
    let widest = -1;
    for (const [index, value] of widths.entries()) {
      if (columns[index]?.fixed !== true && value > 4 && value > (widths[widest] ?? 0)) widest = index;
    }
    if (widest === -1) return;
    widths[widest] = (widths[widest] ?? 0) - 1;
  }
}
