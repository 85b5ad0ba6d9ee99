/** Architectures in the notation of published benchmarks, told by how they look. */
import type { ArchFile } from "../arch_file.ts";
import { type Benchmark, published } from "../benchmark_presets.ts";
import type { SearchConfig } from "../config.ts";
import { paperMicroFinal } from "../recipes.ts";
import { spaces } from "../spaces/mod.ts";

/** What each notation begins with or holds. */
const looks: readonly [Benchmark, RegExp][] = [
  ["nasbench201", /^\s*\|[^|]*~0\|/],
  ["nasbench101", /^[01/\s]+:\s*input\b/],
  ["darts", /normal\s*[:=].*reduce\s*[:=]/s],
  ["nasbench-macro", /^\s*[0-2]{8}\s*$/],
];

/**
 * Sizes are those of the published networks.
 * @returns null for what is in no such notation.
 * @throws UsageError saying what is wrong in it.
 */
export function parseNotation(text: string, space: string | undefined): ArchFile | null {
  const [name] = looks.find(([name, look]) => look.test(text) && (space ?? name) === name) ??
    (space === "nasbench201" && /^\s*[0-4]{6}\s*$/.test(text) ? ["nasbench201" as const] : []);
  if (name === undefined) return null;
  const pairs = text.match(/\(/g)?.length ?? 0;
  const sizes = {
    ...published[name],
    ...name === "darts" && { blocks: Math.max(1, Math.round(pairs / 4)) },
  };
  const child: SearchConfig["child"] = { ...paperMicroFinal.child, ...sizes };
  const made = spaces[name](child);
  return publishedArch(name, made.encode(made.parse!(text)), sizes);
}

/** Choices of a benchmark's space with the sizes of its published network, on CIFAR-10. */
export function publishedArch(
  space: Benchmark,
  choice: number[],
  { layers, filters, blocks } = published[space],
): ArchFile {
  return {
    format: "denas-arch",
    version: 1,
    space,
    input: [32, 32, 3],
    classes: 10,
    choice,
    stem: 1,
    layers,
    filters,
    blocks,
  };
}
