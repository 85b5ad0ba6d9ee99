/** Least depth of a derivation that starts at each non-terminal. */
import type { Production } from "./grammar.ts";

/**
 * Least number of nested non-terminals of a derivation, by non-terminal; those without any finite derivation
 * are missing.
 */
export function heightsOf(
  productions: ReadonlyMap<string, readonly Production[]>,
): Map<string, number> {
  /** Productions by the non-terminals that they wait for. */
  const waiting = new Map<string, { symbol: string; missing: number }[]>();
  const heights = new Map<string, number>();
  for (const [symbol, options] of productions) {
    for (const { arguments: words } of options) {
      const below = new Set(words.filter((word) => productions.has(word)));
      const production = { symbol, missing: below.size };
      if (below.size === 0) heights.set(symbol, 1);
      for (const word of below) {
        const others = waiting.get(word);
        if (others) others.push(production);
        else waiting.set(word, [production]);
      }
    }
  }
  // The map grows while it is walked. Heights ascend, so that the first production to be complete is the lowest.
  for (const [known, height] of heights) {
    for (const production of waiting.get(known) ?? []) {
      if (--production.missing === 0 && !heights.has(production.symbol)) {
        heights.set(production.symbol, height + 1);
      }
    }
  }
  return heights;
}

/** Least number of nested non-terminals below a production; Infinity where it never ends. */
export const heightOf = (
  { arguments: words }: Production,
  productions: ReadonlyMap<string, unknown>,
  heights: ReadonlyMap<string, number>,
): number =>
  Math.max(0, ...words.map((word) => productions.has(word) ? heights.get(word) ?? Infinity : 0));
