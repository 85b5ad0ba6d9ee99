/** Reads s-expressions and terms into nodes that know where they stood; `words.ts` checks them. */

/** A node as written. */
export interface RawNode {
  /** Non-terminal of an s-expression; undefined in a term, which leaves it out. */
  readonly symbol?: string;
  readonly terminal: string;
  readonly children: readonly RawNode[];
  /** Position in the text, from 1. */
  readonly at: number;
}

/** Longest text of a tree. */
const MOST_CHARACTERS = 2_000_000;
/** Deepest nesting of brackets. */
const MOST_NESTED = 500;

/**
 * Reads `(SYMBOL terminal CHILD …)`, or `terminal(CHILD, …)`.
 * @param error makes the error from what was found and expected.
 */
export function readNodes(text: string, error: (why: string) => Error): RawNode {
  if (text.length > MOST_CHARACTERS) {
    throw error(`got ${text.length} characters, expected at most ${MOST_CHARACTERS}`);
  }
  const tokens = [...text.matchAll(/\w+|[^\s\w]/g)].map(({ 0: word, index }) => ({
    word,
    at: index + 1,
  }));
  let next = 0;
  const fail = (expected: string): never => {
    const token = tokens[next];
    throw error(
      token
        ? `got ${JSON.stringify(token.word)} at character ${token.at}, expected ${expected}`
        : `the text ends after ${text.length} characters, expected ${expected}`,
    );
  };
  const take = (word: string) => {
    if (tokens[next]?.word !== word) fail(`"${word}"`);
    next++;
  };
  const name = (what: string): string => {
    if (!/^\w+$/.test(tokens[next]?.word ?? "")) fail(what);
    return tokens[next++].word;
  };
  const deeper = (depth: number) => {
    if (depth > MOST_NESTED) fail(`at most ${MOST_NESTED} nested brackets`);
  };
  const tree = (depth: number): RawNode => {
    deeper(depth);
    const at = tokens[next]?.at ?? text.length;
    if (tokens[next]?.word !== "(") return { terminal: name("a primitive or ("), children: [], at };
    take("(");
    const symbol = name("a non-terminal");
    const terminal = name("a topology or primitive");
    const children: RawNode[] = [];
    while (next < tokens.length && tokens[next].word !== ")") children.push(tree(depth + 1));
    take(")");
    return { symbol, terminal, children, at };
  };
  const term = (depth: number): RawNode => {
    deeper(depth);
    const at = tokens[next]?.at ?? text.length;
    const terminal = name("a topology or primitive");
    const children: RawNode[] = [];
    if (tokens[next]?.word === "(") {
      do {
        next++;
        children.push(term(depth + 1));
      } while (tokens[next]?.word === ",");
      take(")");
    }
    return { terminal, children, at };
  };
  const read = tokens[0]?.word === "(" ? tree(0) : term(0);
  if (next < tokens.length) fail("the end");
  return read;
}
