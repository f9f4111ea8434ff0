import type { YAMLError } from 'yaml';

/** A mistake, and what to write instead, in plain English. */
export interface Wording {
  readonly message: string;
  readonly hint: string;
}

type Rule = readonly [code: string, parserSays: RegExp, message: string, hint: string];

const QUOTE = 'put the value in quotes';
const KEY_VALUE = 'write "key: value", and "- " before the entries of a list';

/** The first match wins. The parser's own words are only matched where one code covers several mistakes. */
const RULES: readonly Rule[] = [
  ['TAB_AS_INDENT', /./, 'a tab is used as indentation', 'use spaces'],
  [
    'BAD_INDENT',
    /sequence items/,
    'this list entry is not aligned with the entries above',
    'indent them all alike',
  ],
  [
    'BAD_INDENT',
    /./,
    'the indentation of this line matches no line above it',
    'align it with its neighbours, using spaces',
  ],
  ['MISSING_CHAR', /quote/, 'a quote is opened here and never closed', 'close it'],
  ['MISSING_CHAR', /followed by map values/, 'a ":" is missing after this key', KEY_VALUE],
  ['MISSING_CHAR', /Missing , /, 'a comma is missing here', 'separate the entries by commas'],
  ['MISSING_CHAR', /Missing space after :/, 'a space is missing after the ":"', KEY_VALUE],
  [
    'MISSING_CHAR',
    /Sequence item/,
    'a "- " is missing before this list entry',
    'write "- " before each entry',
  ],
  [
    'MISSING_CHAR',
    /Comments/,
    'a "#" directly follows a value',
    'write a space before it, or quote the value',
  ],
  ['MULTILINE_IMPLICIT_KEY', /./, 'this line is not "key: value"', KEY_VALUE],
  [
    'KEY_OVER_1024_CHARS',
    /./,
    'this key is longer than 1024 characters',
    'close the bracket or quote before it',
  ],
  [
    'BLOCK_AS_IMPLICIT_KEY',
    /./,
    'a key is inside of a value, here or in the indented line below',
    'quote a value that has ": " in it; give nested keys lines of their own',
  ],
  [
    'BLOCK_IN_FLOW',
    /./,
    'a comma is missing before the next key, or there are indented lines inside of a bracket',
    'separate entries by commas; close the bracket before indented lines',
  ],
  ['BAD_SCALAR_START', /./, 'a value cannot start with this character', QUOTE],
  [
    'BAD_DQ_ESCAPE',
    /./,
    'this backslash means nothing in double quotes',
    'use single quotes, or write it twice',
  ],
  ['BAD_ALIAS', /./, 'a "*" or "&" here needs a name after it', 'quote the value if it is a text'],
  ['ALIAS_PROPS', /./, 'an alias (*name) cannot have a tag or an anchor', 'remove it'],
  ['MULTIPLE_ANCHORS', /./, 'this value has two anchors', 'keep one'],
  ['MULTIPLE_TAGS', /./, 'this value has two tags', 'remove them'],
  ['TAG_RESOLVE_FAILED', /./, 'unknown tag', 'remove it; quote the value if it starts with "!"'],
  ['BAD_COLLECTION_TYPE', /./, 'this tag does not fit its value', 'remove it'],
  ['NON_STRING_KEY', /./, 'a key has to be a plain word', KEY_VALUE],
  ['BAD_DIRECTIVE', /./, 'unknown directive', 'remove the line'],
  ['UNEXPECTED_TOKEN', /block-scalar|Block scalar/, 'nothing can follow "|" or ">" on its line', 'remove it'],
  ['UNEXPECTED_TOKEN', /./, 'this does not belong here', 'remove it, or quote the value it is part of'],
];

/** A syntax error of the parser in plain English. */
export function wordingOf(error: Pick<YAMLError, 'code' | 'message'>): Wording {
  const rule = RULES.find(([code, says]) => code === error.code && says.test(error.message));
  if (rule !== undefined) return { message: rule[2], hint: rule[3] };
  return { message: `this is not YAML (${error.message})`, hint: 'check the lines around it' };
}
