/** How deep derivations have to go before they can end. */
import type { Production } from "./grammar.ts";

/**
 * Least number of nested non-terminals of a derivation, by non-terminal; those without any finite derivation
 * are missing.
 */
export function heightsOf(
  productions: ReadonlyMap<string, readonly Production[]>,
): Map<string, number> {
  const heights = new Map<string, number>();
  for (let changed = true; changed;) {
    changed = false;
    for (const [symbol, options] of productions) {
      const height = 1 + Math.min(...options.map((p) => heightOf(p, productions, heights)));
      if (height < (heights.get(symbol) ?? Infinity)) {
        heights.set(symbol, height);
        changed = true;
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
