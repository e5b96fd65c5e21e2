import { wrap } from './output/text.ts';

/** What stands below the options in a command's help: examples, then whatever else must be known, wrapped to 80 columns. */
export function helpText(examples: readonly string[], ...notes: readonly string[]): string {
  const paragraphs = notes.map((note) => `\n\n${wrap(note, 80).join('\n')}`);
  return `\nExamples:\n${examples.map((example) => `  ${example}`).join('\n')}${paragraphs.join('')}`;
}
