/**
 * Kernels of trees of the hierarchical space: deno run -A bench/hierarchy.ts FILE
 * FILE holds tree strings, one a line. Prints JSON: per tree the parameters of its network (32×32×3, 10 classes)
 * and the size of each graph; per pair i ≤ j the kernels of each graph as sums of products, the same normalised,
 * and their mean. Order: the whole graph, then levels 0 … 4; rounds 2, 1, 2, 2, 2, 2.
 */
import { DataError, UsageError } from "../src/common/errors.ts";
import { describe } from "../src/nas/analysis/describe.ts";
import { WlFeatures, wlKernel } from "../src/nas/graph_kernels/wl.ts";
import type { GrammarArch } from "../src/nas/grammar/grammar.ts";
import { grammarDefinition } from "../src/nas/spaces/grammar.ts";

const [file, ...further] = Deno.args;
if (file === undefined || further.length > 0) {
  throw new UsageError("Cannot compare trees: expected one file of tree strings, one a line");
}

const rounds = [2, 1, 2, 2, 2, 2];
const space = grammarDefinition.open(grammarDefinition.settings.parse({}));
const graphs = (arch: GrammarArch) => [...space.graphs(arch), ...space.levels!(arch).flat()];

const archs: GrammarArch[] = [];
Deno.readTextFileSync(file).split("\n").forEach((text, i) => {
  if (text.trim() === "") return;
  try {
    archs.push(space.notation!.parse(text.trim()));
  } catch (cause) {
    if (!(cause instanceof UsageError)) throw cause;
    throw new DataError(`Cannot read ${file}: line ${i + 1}: ${cause.message}`, { cause });
  }
});

const trees = archs.map((arch) => {
  const { parameters } = describe({
    space,
    choice: space.encode(arch),
    input: [32, 32, 3],
    classes: 10,
    form: "final",
  });
  const levels = graphs(arch).map(({ labels, successors }) => ({
    nodes: labels.length,
    edges: successors.flat().length,
  }));
  return { parameters, levels };
});

const features = new WlFeatures<GrammarArch>(null, graphs, rounds);
const [raw, parts] = [true, false].map((raw) =>
  rounds.map((h, graph) => wlKernel(features, { graph, raw }).one(h, archs, archs))
);
const pairs = archs.flatMap((_, i) =>
  archs.slice(i).map((_, offset) => {
    const j = i + offset;
    const at = i * archs.length + j;
    const own = parts.map((gram) => gram[at]);
    return {
      i,
      j,
      raw: raw.map((gram) => gram[at]),
      parts: own,
      combined: own.reduce((a, b) => a + b) / own.length,
    };
  })
);
console.log(JSON.stringify({ trees, pairs }));
