/** Writes a file in the format of NAS-Bench-101 with made-up results. */
import { type Dag, opName, predecessors } from "../src/nas/spaces/nasbench101.ts";
import { unpackDag } from "../src/nas/spaces/nasbench101_cells.ts";
import type { Nb101Cells } from "../src/nas/spaces/nasbench101_index.ts";
import { encodeRecord, type Evaluation } from "../src/nas/tables/nasbench101_record.ts";
import { frame } from "../src/nas/tables/tfrecord.ts";
import { hash } from "../src/common/random.ts";

export const EPOCHS = 108;

export interface MadeUp {
  /** Number of cells, from the first on. */
  count: number;
  /** Number of trainings of each cell. */
  repeats: number;
  /** @param share of the epochs: ½ or 1. */
  evaluation(cell: number, repeat: number, share: number, dag: Dag): Evaluation;
}

/** Writes the file. @returns its size in bytes. */
export async function writeNb101File(
  path: string,
  cells: Pick<Nb101Cells, "packed" | "key">,
  { count, repeats, evaluation }: MadeUp,
): Promise<number> {
  using file = await Deno.open(path, { write: true, create: true, truncate: true });
  let bytes = 0;
  let parts: Uint8Array[] = [];
  const flush = async () => {
    const block = new Uint8Array(await new Blob(parts as BlobPart[]).arrayBuffer());
    for (let rest = block; rest.length > 0;) rest = rest.subarray(await file.write(rest));
    bytes += block.length;
    parts = [];
  };
  for (let cell = 0; cell < count; cell++) {
    const dag = unpackDag(cells.packed[cell]);
    const into = predecessors(dag);
    const adjacency = dag.out.map((_, v) => dag.out.map((_, w) => into[w] >> v & 1).join("")).join(
      "",
    );
    for (let repeat = 0; repeat < repeats; repeat++) {
      parts.push(frame(encodeRecord({
        hash: cells.key(cell),
        epochs: EPOCHS,
        adjacency,
        ops: dag.labels.map(opName).join(","),
        parameters: 1_000_000 + cell,
        half: evaluation(cell, repeat, 0.5, dag),
        final: evaluation(cell, repeat, 1, dag),
      })));
    }
    if (parts.length > 3000) await flush();
  }
  await flush();
  return bytes;
}

/** Contribution of each operation to a cell's accuracy: conv 3×3, conv 1×1, max pool. */
const WORTH = [0.5, 0.3, 0.1];

/**
 * Accuracies that depend on the graph, so that a search can improve: more and better operations help up to a
 * point, a shortcut helps, a long chain hurts; half a per cent of noise is added. They do not model the real
 * ones.
 */
export function smoothEvaluation(
  cell: number,
  repeat: number,
  share: number,
  { out, labels }: Dag,
): Evaluation {
  const noise = (i: number) => hash(cell, repeat, i, 0) / 2 ** 32 - 0.5;
  const work = labels.reduce((sum, label) => sum + (WORTH[label] ?? 0), 0);
  const shortcut = out[0] >> (out.length - 1) & 1 && out.length > 2 ? 0.01 : 0;
  const good = 0.95 - 0.25 * Math.exp(-1.5 * work) + shortcut - 0.002 * longest(out) ** 2;
  const scale = 0.8 + 0.2 * share;
  return {
    training_time: 1000 * share * (1 + work),
    train_accuracy: scale * Math.min(1, good + 0.03),
    validation_accuracy: scale * (good + 0.005 * noise(1)),
    test_accuracy: scale * (good - 0.005 + 0.005 * noise(2)),
  };
}

/** Number of edges on the longest path from the input to the output. */
function longest(out: readonly number[]): number {
  const far = out.map(() => 0);
  out.forEach((set, v) => {
    for (let w = v + 1; w < out.length; w++) {
      if (set >> w & 1) far[w] = Math.max(far[w], far[v] + 1);
    }
  });
  return far[out.length - 1];
}
