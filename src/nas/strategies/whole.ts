/** Lists all architectures of a small space. */
import { allowed } from "../decisions.ts";
import type { Cursor, SearchSpace } from "../space.ts";

export interface Whole<A> {
  archs: readonly A[];
  /** Keys of the architectures, by the caller's function. */
  keys: readonly string[];
}

/**
 * One architecture per key, the first in the order of choices; null if the space has more than `most`.
 * @param key of architectures with equal keys, only one is listed.
 */
export function wholeSpace<A>(
  space: SearchSpace<A>,
  key: (arch: A) => string,
  most: number,
): Whole<A> | null {
  const choices = listChoices(space, most);
  if (!choices) return null;
  const found = new Map<string, A>();
  for (const choice of choices) {
    const arch = space.decode(choice);
    const name = key(arch);
    if (!found.has(name)) found.set(name, arch);
  }
  return { archs: [...found.values()], keys: [...found.keys()] };
}

/** All choices in lexicographic order; null if there are more than `most`. */
function listChoices<A>(space: SearchSpace<A>, most: number): number[][] | null {
  const choices: number[][] = [];
  const prefix: number[] = [];
  /** Returns false once there are too many. */
  const visit = ({ decision, choose }: Cursor): boolean => {
    if (!decision) return choices.push([...prefix]) <= most;
    return allowed(decision).every((option) => {
      prefix.push(option);
      const few = visit(choose(option));
      prefix.pop();
      return few;
    });
  };
  return visit(space.start()) ? choices : null;
}
