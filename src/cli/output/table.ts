import { cut, type Paint, printable, type Style, width } from './text.ts';

export interface Column {
  readonly title: string;
  /** Kept whole when the table must shrink. */
  readonly fixed?: boolean;
  readonly align?: 'left' | 'right';
}

export interface Cell {
  readonly text: string;
  readonly style?: Style;
}

/** A table that fits `columns` columns: the widest shrinkable column gives way first. Cells are made safe for a terminal. */
export function renderTable(
  columns: readonly Column[],
  rows: readonly (readonly (string | Cell)[])[],
  options: { readonly columns: number; readonly paint: Paint },
): string {
  const cells = rows.map((row) =>
    row.map((cell): Cell => {
      const full = typeof cell === 'string' ? { text: cell } : cell;
      return { ...full, text: printable(full.text) };
    }),
  );
  const widths = columns.map((column, index) =>
    Math.max(width(column.title), ...cells.map((row) => width(row[index]?.text ?? ''))),
  );
  shrink(widths, columns, options.columns);
  const line = (texts: readonly Cell[]): string =>
    columns
      .map((column, index) => {
        const cell = texts[index] ?? { text: '' };
        const space = widths[index] ?? 0;
        const text = cut(cell.text, space);
        const padding = ' '.repeat(Math.max(0, space - width(text)));
        const painted = cell.style === undefined ? text : options.paint(cell.style, text);
        return column.align === 'right' ? padding + painted : painted + padding;
      })
      .join('  ')
      .trimEnd();
  const title = line(columns.map((column): Cell => ({ text: column.title, style: 'bold' })));
  return [title, ...cells.map(line)].map((text) => `${text}\n`).join('');
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
