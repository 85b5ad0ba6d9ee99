/**
 * Several objectives: dominance, fronts, crowding (Deb et al., "NSGA-II", IEEE TEC 6(2), 2002, §III). Larger
 * is better.
 */

/** Whether a is at least as good as b everywhere and better somewhere. */
export function dominates(a: readonly number[], b: readonly number[]): boolean {
  let better = false;
  for (let i = 0; i < a.length; i++) {
    if (a[i] < b[i]) return false;
    if (a[i] > b[i]) better = true;
  }
  return better;
}

/**
 * Adds a member to the front if none dominates it, and removes those that it dominates. Points with equal
 * objectives are all kept if their keys differ.
 */
export function withMember<T extends { key: string; objectives: readonly number[] }>(
  front: readonly T[],
  found: T,
): readonly T[] {
  if (front.some((f) => f.key === found.key || dominates(f.objectives, found.objectives))) {
    return front;
  }
  return [...front.filter((f) => !dominates(found.objectives, f.objectives)), found];
}

/**
 * Indices of all points by front: no point dominates the first; only the first dominates the next; and so on.
 */
export function fronts(points: readonly (readonly number[])[]): number[][] {
  const over = points.map((p) => points.filter((q) => dominates(q, p)).length);
  const result: number[][] = [];
  let current = over.flatMap((n, i) => n === 0 ? [i] : []);
  while (current.length) {
    result.push(current);
    const next: number[] = [];
    for (const i of current) {
      points.forEach((p, j) => {
        if (dominates(points[i], p) && --over[j] === 0) next.push(j);
      });
    }
    current = next.sort((a, b) => a - b);
  }
  return result;
}

/** Crowding distance of each point of one front: distance between its neighbours; Infinity at both ends. */
export function crowding(points: readonly (readonly number[])[]): number[] {
  const distance = points.map(() => 0);
  const objectives = points[0]?.length ?? 0;
  for (let o = 0; o < objectives; o++) {
    const order = points.map((_, i) => i).sort((a, b) => points[a][o] - points[b][o] || a - b);
    const range = points[order.at(-1)!][o] - points[order[0]][o];
    distance[order[0]] = distance[order.at(-1)!] = Infinity;
    if (range === 0) continue;
    for (let k = 1; k < order.length - 1; k++) {
      distance[order[k]] += (points[order[k + 1]][o] - points[order[k - 1]][o]) / range;
    }
  }
  return distance;
}
