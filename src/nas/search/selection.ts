/** End of a search: its best candidates are scored on more images and ranked, and the winner is written. */
import { formatArchFile } from "../arch_formats/arch_file.ts";
import type { RunEvent } from "../events.ts";
import type { SearchParts } from "./loop.ts";
import type { Candidate, Position } from "./position.ts";
import type { Clock } from "./progress.ts";
import type { Scoring } from "./scoring.ts";
import type { Store } from "./store.ts";

/** Scores the final samples and the best trials on the same validation images; writes ranking and winner. */
export async function* selection<A>(
  parts: SearchParts<A>,
  scoring: Scoring<A>,
  at: Position,
  store: Store,
  clock: Clock,
): AsyncGenerator<RunEvent> {
  const { config, space, archFields, evaluator, scoreKind } = parts;
  if (at.succeeded === 0 && at.failed > 0) throw allFailed(at.failed, at.failure);
  const candidates = await candidatesOf(parts, scoring, at);
  const scored = await scoring.score(
    candidates.map((arch, i) => ({ id: at.trials + i, arch })),
    "selection",
  );
  const ranking: Candidate[] = [];
  for (const { id, arch, score, status, reason } of scored) {
    const candidate = {
      trial: id,
      epoch: at.epoch,
      choice: space.encode(arch),
      key: space.key(arch),
      score: score.value,
    };
    yield { type: "trial", ...candidate, on: "selection", status, reason };
    if (status === undefined) ranking.push(candidate);
  }
  if (ranking.length === 0) throw allFailed(scored.length, scored.at(-1)!.reason!);
  ranking.sort((a, b) => b.score - a.score || a.trial - b.trial);
  const [winner] = ranking;
  yield {
    type: "best",
    trial: winner.trial,
    epoch: winner.epoch,
    choice: winner.choice,
    score: winner.score,
  };
  await store.put(
    "ranking.json",
    JSON.stringify(
      { images: config.selection.images, scoreKind, ranking },
      null,
      1,
    ) + "\n",
  );
  const front = parts.objectives && await keepFront(parts, at, store);
  const { unit = "fraction" } = parts.start.score ?? {};
  const { tensors } = await evaluator.snapshot();
  if (Object.keys(tensors).length > 0) await store.put("supernet.safetensors", tensors);
  await store.put(
    "arch.json",
    formatArchFile({
      ...archFields,
      choice: winner.choice,
      score: winner.score,
      scoreKind,
      // Without `scoreUnit`, accuracies are fractions.
      ...unit !== "fraction" && { scoreUnit: unit },
    }),
  );
  const { trainedImages, peakBytes } = parts.figures();
  yield {
    type: "done",
    seconds: clock.seconds(),
    queries: at.queries,
    trainedImages,
    peakBytes,
    choice: winner.choice,
    score: winner.score,
    spentEpochs: parts.spentEpochs?.(),
    report: parts.report?.(space.decode(winner.choice)),
    stopped: at.stopped,
    front,
  };
}

const allFailed = (trials: number, reason: string) =>
  new Error(`Cannot find an architecture: all trials failed (${trials}); the last: ${reason}`);

/** Writes the Pareto front, by falling score. */
async function keepFront<A>(parts: SearchParts<A>, at: Position, store: Store) {
  const front = at.front.toSorted((a, b) => b.score - a.score || a.trial - b.trial);
  const objectives = ["score", ...parts.config.objectives];
  await store.put("pareto.json", JSON.stringify({ objectives, front }, null, 1) + "\n");
  return front.map(({ trial, choice, objectives }) => ({ trial, choice, objectives }));
}

/** Candidates for the winner: samples of the final policy and the best trials, or only the last trial. */
async function candidatesOf<A>(
  parts: SearchParts<A>,
  scoring: Scoring<A>,
  at: Position,
): Promise<A[]> {
  const { config, space } = parts;
  const { latest } = at;
  if (config.select === "last") {
    return latest.length ? [space.decode(latest)] : await scoring.draw(1);
  }
  const candidates = new Map<string, A>();
  for (const arch of await scoring.draw(config.selection.drawn)) {
    candidates.set(space.key(arch), arch);
  }
  for (const b of at.best.slice(0, config.selection.best)) {
    candidates.set(b.key, space.decode(b.choice));
  }
  // No candidates: sample one. All trials may have been partial.
  return candidates.size ? [...candidates.values()] : await scoring.draw(1);
}
