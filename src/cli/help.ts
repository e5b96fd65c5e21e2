import { wrap } from './output/text.ts';

/**
 * The text below the options in a command's help: examples, then notes, wrapped to 80 columns. Composed on demand:
 * every command has such a text, and most runs show none.
 */
export function helpText(examples: readonly string[], ...notes: readonly string[]): () => string {
  return () => {
    const paragraphs = notes.map((note) => `\n\n${wrap(note, 80).join('\n')}`);
    return `\nExamples:\n${examples.map((example) => `  ${example}`).join('\n')}${paragraphs.join('')}`;
  };
}
