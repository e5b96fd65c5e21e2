/** Columns that a comment or a line of Markdown may have. */
export const WIDTH = 120;

export interface ReflowOptions {
  /** Columns of a line, without what stands before it in a comment. */
  readonly width: number;
  /** Lines that are indented by so many spaces, and belong to no item of a list, stay as they are: code, drawings. */
  readonly codeIndent: number;
  /** Whether a line that ends early, although the next word would have fitted, ends a paragraph. */
  readonly keepBreaks?: boolean;
}

interface Paragraph {
  /** Before its first line: indentation and the mark of an item. */
  readonly first: string;
  /** Before every other line. */
  readonly rest: string;
  readonly lines: string[];
}

const VERBATIM = /^\s*(?:\||<|>|@\w)|^#{1,6}\s|^\s*$/;
const ITEM = /^(\s*(?:[-*+]|\d+[.)])\s+)(?=\S)/;
const FENCE = /^\s*(?:```|~~~)/;

/**
 * Fills the paragraphs of a text that have a line that is too long; every other one stays as it is. Items of lists keep
 * their marks and indentation; tables, headings, quotations, tags, code and blank lines are not touched.
 */
export function reflow(lines: readonly string[], { width, codeIndent, keepBreaks = false }: ReflowOptions): string[] {
  const out: string[] = [];
  let paragraph: Paragraph | null = null;
  let fenced = false;
  const end = (): void => {
    if (paragraph !== null) out.push(...filled(paragraph, width));
    paragraph = null;
  };
  const begin = (first: string, line: string): Paragraph => {
    end();
    return { first, rest: ' '.repeat(first.length), lines: [line] };
  };
  for (const line of lines) {
    const fence = FENCE.test(line);
    const [, mark] = ITEM.exec(line) ?? [];
    const indent = line.length - line.trimStart().length;
    const open = paragraph;
    const inItem = open !== null && open.first.trim() !== '';
    if (fenced || fence || VERBATIM.test(line) || (indent >= codeIndent && mark === undefined && !inItem)) {
      end();
      out.push(line);
      if (fence) fenced = !fenced;
    } else if (mark !== undefined) paragraph = begin(mark, line);
    else if (open === null || indent < open.rest.length || (keepBreaks && endsEarly(open, line, width))) {
      paragraph = begin(line.slice(0, indent), line);
    } else open.lines.push(line);
  }
  end();
  return out;
}

function endsEarly({ lines }: Paragraph, next: string, width: number): boolean {
  const [word = ''] = wordsOf(next);
  return (lines.at(-1) ?? '').length + 1 + word.length <= width;
}

function filled({ first, rest, lines }: Paragraph, width: number): readonly string[] {
  if (lines.every((line) => columns(line) <= width)) return lines;
  const [opening = '', ...others] = wordsOf([(lines[0] ?? '').slice(first.length), ...lines.slice(1)].join(' '));
  const out: string[] = [];
  let line = first + opening;
  for (const word of others) {
    if (columns(line) + 1 + columns(word) <= width) line += ` ${word}`;
    else {
      out.push(line);
      line = rest + word;
    }
  }
  return [...out, line];
}

/**
 * A code span is one word, and so is a word with what would make a list, a heading or a table of the line it begins.
 */
function wordsOf(text: string): readonly string[] {
  const words: string[] = [];
  for (const [word] of text.matchAll(/(?:`[^`]*`|[^\s`]|`(?![^`]*`))+/g)) {
    if (words.length > 0 && /^(?:[-+*>|=]+|#{1,6}|\d+[.)])$|^[|>@]/.test(word)) words.push(`${words.pop()} ${word}`);
    else words.push(word);
  }
  return words;
}

/** Columns of a line: characters, since none of those in use is wide. */
export function columns(line: string): number {
  return Array.from(line).length;
}

/** A page of Markdown with its overlong paragraphs filled. */
export function wrapMarkdown(text: string): string {
  return reflow(text.split('\n'), { width: WIDTH, codeIndent: 4 }).join('\n');
}

/** Lines of a page, from 1, that are too long and could be broken. */
export function overlongMarkdown(text: string): readonly number[] {
  return overlongLines(text, wrapMarkdown(text));
}

/** Lines of `text`, from 1, that are too long and that `wrapped` does not have as they are. */
export function overlongLines(text: string, wrapped: string): readonly number[] {
  const kept = new Set(wrapped.split('\n'));
  return text.split('\n').flatMap((line, index) => (columns(line) > WIDTH && !kept.has(line) ? [index + 1] : []));
}
