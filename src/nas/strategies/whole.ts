/** All architectures of a small space: where there are few, none need be left out. */
import { allowed } from "../decisions.ts";
import type { Cursor, SearchSpace } from "../space.ts";

export interface Whole<A> {
  archs: readonly A[];
  /** Of each architecture, as the function that was asked for them says. */
  keys: readonly string[];
}

/**
 * One architecture for each key, the first in the order of choices; null where the space has more than `most`.
 * @param key equal for architectures of which one is enough.
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

/** In lexicographic order; null where there are more than `most`. */
function listChoices<A>(space: SearchSpace<A>, most: number): number[][] | null {
  const choices: number[][] = [];
  const prefix: number[] = [];
  /** False once there are too many. */
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
