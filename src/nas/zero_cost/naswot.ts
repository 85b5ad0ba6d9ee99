/** Results of a NASWOT search (Mellor et al., ICML 2021): random architectures, each scored once, untrained. */

/** A trial of a random search by nwot. */
export interface NaswotTrial {
  key: string;
  score: number;
  status?: string;
}

/** The best architecture among the first k: its index from 0, and its text. */
export interface NaswotBest {
  best_arch_idx: number;
  best_arch_id: string;
}

/** Numbers of architectures after which the best one is written. */
const MILESTONES = [10, 100, 1000, 10_000];

/**
 * The files `best_<k>.json` of such a search, by name: the best of the first k = 10, 100, 1,000 and 10,000
 * architectures, as far as the search got. Of several equal ones the first counts; failures score 0.
 */
export function naswotFiles(trials: readonly NaswotTrial[]): Map<string, NaswotBest> {
  const files = new Map<string, NaswotBest>();
  let best = -1, most = -Infinity;
  trials.forEach(({ score, status = "ok" }, i) => {
    const value = status === "ok" ? score : 0;
    if (value > most) [best, most] = [i, value];
    if (!MILESTONES.includes(i + 1)) return;
    files.set(`best_${i + 1}.json`, { best_arch_idx: best, best_arch_id: trials[best].key });
  });
  return files;
}
