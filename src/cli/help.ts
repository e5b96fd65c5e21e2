import { wrap } from './output/text.ts';

/**
 * What stands below the options in a command's help: examples, then whatever else must be known, wrapped to 80 columns. Put together when it is
 * asked for: every command has one, and a run shows none.
 */
export function helpText(examples: readonly string[], ...notes: readonly string[]): () => string {
  return () => {
    const paragraphs = notes.map((note) => `\n\n${wrap(note, 80).join('\n')}`);
    return `\nExamples:\n${examples.map((example) => `  ${example}`).join('\n')}${paragraphs.join('')}`;
  };
}
