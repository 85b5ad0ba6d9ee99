/** Widths of networks by their number of parameters. */

/** Widest network that is tried, in multiples of the usual width. */
const WIDEST = 16;

/**
 * The largest number of filters whose network has at most so many parameters; 1 where none has.
 * @param usual number of filters, up to 16 times which are tried.
 * @param parametersOf a network of so many filters; rises with them.
 */
export function filtersWithin(
  most: number,
  usual: number,
  parametersOf: (filters: number) => number,
): number {
  let low = 1, high = WIDEST * usual;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (parametersOf(middle) <= most) low = middle;
    else high = middle - 1;
  }
  return low;
}
