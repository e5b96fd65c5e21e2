import type { ErrorCode } from 'yaml';
import type { ConfigProblem, Position } from '../config-problem.ts';

export type SyntaxCode = ErrorCode | 'TOO_DEEP' | 'TOO_MANY_ALIASES';

/** [found, expected], in our own words. */
const TEXTS: Readonly<Record<SyntaxCode, readonly [string, string]>> = {
  ALIAS_PROPS: ['an alias with an anchor or a tag', 'an alias alone (*name)'],
  BAD_ALIAS: ['an alias without an anchor before it', 'an anchor (&name) on an earlier value'],
  BAD_COLLECTION_TYPE: ['a tag that does not fit its value', 'no tag'],
  BAD_DIRECTIVE: ['a directive that is not understood', 'YAML 1.2 without directives'],
  BAD_DQ_ESCAPE: ['an escape that is not known', 'a known escape, or single quotes around text with backslashes'],
  BAD_INDENT: ['a line that is indented too little', 'the same indentation for all entries of a list or mapping'],
  BAD_PROP_ORDER: ['an anchor or tag before its indicator', 'anchor and tag directly before the value'],
  BAD_SCALAR_START: ['a character that cannot begin plain text', 'quotes around the text'],
  BLOCK_AS_IMPLICIT_KEY: ['a second "key:" within a value', 'quotes around the text, or a line of its own'],
  BLOCK_IN_FLOW: ['an indented block within brackets or braces', 'entries separated by commas'],
  DUPLICATE_KEY: ['a key that this mapping has already', 'each key once'],
  IMPOSSIBLE: ['text that cannot be understood', 'YAML'],
  KEY_OVER_1024_CHARS: ['a key of more than 1024 characters', 'a short key'],
  MISSING_CHAR: [
    'an end without what must be there',
    'a closing quote, bracket or brace, a comma, or a space after ":"',
  ],
  MULTILINE_IMPLICIT_KEY: ['a key that spans lines', 'a key on one line, followed by ":"'],
  MULTIPLE_ANCHORS: ['two anchors on one value', 'one anchor'],
  MULTIPLE_DOCS: ['a second document', 'one document in the file'],
  MULTIPLE_TAGS: ['two tags on one value', 'no tag'],
  NON_STRING_KEY: ['a key that is not text', 'a key that is plain text'],
  RESOURCE_EXHAUSTION: ['text nested too deeply', 'a configuration as docs/configuration.md describes it'],
  TAB_AS_INDENT: ['a tab', 'spaces for indentation'],
  TAG_RESOLVE_FAILED: ['a tag that is not known or does not fit', 'no tag'],
  TOO_DEEP: ['text nested too deeply', 'a configuration as docs/configuration.md describes it'],
  TOO_MANY_ALIASES: ['aliases that repeat too much', 'fewer aliases; the section "defaults" is for shared settings'],
  UNEXPECTED_TOKEN: ['text where none can be', 'a list entry, a "key: value" line, or a comment'],
};

/** A problem of the YAML itself. */
export function syntaxProblem(code: SyntaxCode, position: Position): ConfigProblem {
  const [found, expected] = TEXTS[code];
  return { ...position, path: '', found, expected, suggestion: null };
}
