/** Finds the tests that reach a kernel, from the imports of `src`. */
import { dirname, join, relative } from "@std/path";

/** One `deno test`. */
export interface Command {
  files: string[];
  /** Value of DENAS_OP. */
  op?: string;
}

/** Tests that iterate over all ops, and over those with ReLU: DENAS_OP picks one. */
const walks = ["tests/ops/registry_test.ts", "tests/ops/relu_test.ts"];

/** Tests of files that are no ops. */
const ownTests: Record<string, Command[]> = {
  "src/nn/optimizer.ts": [{ files: ["tests/nn/optimizer_test.ts"] }],
  "src/nn/clip.ts": [{ files: ["tests/nn/optimizer_test.ts"] }],
  "src/nn/metrics.ts": [{ files: ["tests/nn/metrics_test.ts"] }],
  "src/data/batches.ts": [
    { files: ["tests/data/batches_test.ts", "tests/data/multi_label_test.ts"] },
  ],
  "src/gpu/self_test.ts": [{ files: ["tests/gpu/device_test.ts"] }],
  "src/autodiff/run.ts": [
    { files: ["tests/autodiff/run_test.ts", "tests/autodiff/tape_test.ts"] },
    { files: ["tests/ops/registry_test.ts"], op: "add_scaled" },
    { files: ["tests/ops/registry_test.ts"], op: "bias_add" },
    { files: ["tests/ops/offsets_test.ts"] },
  ],
};

/** Best tests of WGSL files that nearly every kernel includes. */
const includeTests: Record<string, Command[]> = {
  "kernels/lib/index.wgsl": [
    { files: ["tests/gpu/device_test.ts"] },
    { files: ["tests/ops/registry_test.ts"], op: "add" },
  ],
};

/** Importers of source files; paths start at the root of the tree. */
export class Targets {
  readonly #text = new Map<string, string>();
  readonly #importers = new Map<string, string[]>();

  constructor(private readonly root: string) {
    for (const file of filesUnder(root, "src", ".ts")) {
      const text = Deno.readTextFileSync(join(root, file));
      this.#text.set(file, text);
      for (const [, specifier] of text.matchAll(/from\s+"(\.[^"]*)"/g)) {
        const to = relative(root, join(root, dirname(file), specifier));
        this.#importers.set(to, [...this.#importers.get(to) ?? [], file]);
      }
    }
    for (const file of filesUnder(root, "tests/ops", "_test.ts")) {
      this.#text.set(file, Deno.readTextFileSync(join(root, file)));
    }
  }

  /** Test commands for a kernel. @throws when no test reaches it. */
  commands(kernel: string): Command[] {
    const found = includeTests[kernel] ??
      this.#kernelsThatPaste(kernel).flatMap((k) =>
        (this.#importers.get(k) ?? []).flatMap((file) => this.#commandsOf(file, new Set()))
      );
    const unique = new Map(found.map((c) => [JSON.stringify(c), c]));
    if (!unique.size) throw new Error(`Cannot test ${kernel}: no test is known to reach it`);
    return [...unique.values()];
  }

  #kernelsThatPaste(file: string): string[] {
    if (!file.startsWith("kernels/lib/")) return [file];
    const line = `//#include ${file.slice("kernels/".length)}\n`;
    return filesUnder(this.root, "kernels", ".wgsl").filter((k) =>
      Deno.readTextFileSync(join(this.root, k)).includes(line)
    );
  }

  /** Tests of the ops that a file defines, or else of the ops that import it. */
  #commandsOf(file: string, seen: Set<string>): Command[] {
    if (seen.has(file) || file.endsWith("/mod.ts")) return [];
    seen.add(file);
    const tests = [...ownTests[file] ?? []];
    const text = this.#text.get(file)!;
    const ops = file.startsWith("src/ops/")
      ? [...text.matchAll(/^ {2}name: "(\w+)"/gm)].map((m) => m[1])
      : [];
    for (const op of ops) {
      tests.push({ files: text.includes("relu") ? walks : walks.slice(0, 1), op });
      const camel = op.replace(/_(\w)/g, (_, c: string) => c.toUpperCase());
      for (const [test, content] of this.#text) {
        if (
          test.endsWith("_test.ts") && !walks.includes(test) &&
          new RegExp(`\\b(${op}|${camel})\\b`).test(content)
        ) {
          tests.push({ files: [test] });
        }
      }
    }
    if (tests.length) return tests;
    return (this.#importers.get(file) ?? []).flatMap((f) => this.#commandsOf(f, seen));
  }
}

/** Paths from the root, sorted. */
export function filesUnder(root: string, folder: string, end: string): string[] {
  return [...Deno.readDirSync(join(root, folder))].flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    return entry.isDirectory ? filesUnder(root, path, end) : path.endsWith(end) ? [path] : [];
  }).sort();
}
