import { join } from "@std/path";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { readPool } from "../../../src/run/working_directory/pool.ts";
import { configOf, readTree } from "../../../src/run/working_directory/tree.ts";
import { formatYaml } from "../../../src/run/working_directory/yaml.ts";
import { inFolder } from "../../data/make.ts";

/** Files as PyYAML writes them: long text folded, numbers of NumPy as objects, single words with a document end. */
const configs = [
  "architecture: (CELL Cell (OPS conv3x3) (OPS zero) (OPS conv3x3) (OPS id) (OPS zero) (OPS\n" +
  "  conv1x1))\n",
  "normal: (CELL DARTS (OP skip_connect) (IN1 0))\nreduce: (CELL DARTS (OP max_pool_3x3)\n  (IN1 1))\n",
  "architecture: (CELL Cell (OPS id) (OPS id) (OPS id) (OPS id) (OPS id) (OPS id))\n",
  "architecture: (CELL Cell (OPS zero) (OPS id) (OPS id) (OPS id) (OPS id) (OPS id))\n",
];
const results = [
  "info_dict:\n  timestamp: 1700000000.5\n  x-valid_1: 87.5\n  x-valid_5: 99.0\nloss: 0.125\n",
  `info_dict:
  val_score: !!python/object/apply:numpy.core.multiarray.scalar
  - &id001 !!python/object/apply:numpy.dtype
    args:
    - f8
    - false
    - true
    state: !!python/tuple
    - 3
    - <
    - null
  - !!binary |
    AAAAAAAA0D8=
  val_scores:
  - 0.5
  - 0.75
loss: !!python/object/apply:numpy.core.multiarray.scalar
- *id001
- !!binary |
  AAAAAAAA0D8=
`,
  "error\n...\n",
  "info_dict: {}\nloss: .inf\n",
];

function write(path: string): void {
  configs.forEach((config, i) => {
    const folder = join(path, "results", `config_${i + 1}`);
    Deno.mkdirSync(folder, { recursive: true });
    Deno.writeTextFileSync(join(folder, "config.yaml"), config);
    Deno.writeTextFileSync(join(folder, "result.yaml"), results[i]);
    Deno.writeTextFileSync(join(folder, "metadata.yaml"), "time_end: 2.5\ntime_sampled: 1.5\n");
  });
  // A configuration that is evaluated, and files of the original program.
  Deno.mkdirSync(join(path, "results", "config_10", "lock"), { recursive: true });
  Deno.writeTextFileSync(join(path, "results", "config_10", "config.yaml"), configs[2]);
  Deno.writeTextFileSync(join(path, ".optimizer_state.yaml"), "numpy: [1, 2]\n");
  Deno.writeTextFileSync(join(path, "results", ".lock"), "");
}

Deno.test("a tree of the original program is read", () =>
  inFolder((dir) => {
    write(dir);
    const warnings: string[] = [];
    const tree = readTree(dir, (message) => warnings.push(message));
    assertEquals(tree.map(({ n }) => n), [1, 2, 3, 4, 10]);
    assertEquals(
      tree[0].architecture,
      "(CELL Cell (OPS conv3x3) (OPS zero) (OPS conv3x3) (OPS id) (OPS zero) (OPS conv1x1))",
    );
    assertEquals(
      tree[1].architecture,
      "normal: (CELL DARTS (OP skip_connect) (IN1 0)); reduce: (CELL DARTS (OP max_pool_3x3) (IN1 1))",
    );
    assertEquals(
      tree.map(({ outcome }) => outcome?.status === "ok" ? outcome.loss : outcome?.status),
      [
        ...[0.125, 0.25],
        ...["error", "error", undefined],
      ],
    );
    assertEquals(warnings, []);
    return Promise.resolve();
  }));

Deno.test("architectures are written as they are read", () => {
  for (const text of ["(CELL Cell (OPS id))", "normal: (A b (C d)); reduce: (A c (C e))"]) {
    const written = formatYaml(configOf(text));
    assertEquals(
      written,
      text.startsWith("(")
        ? `architecture: ${text}\n`
        : "normal: (A b (C d))\nreduce: (A c (C e))\n",
    );
  }
  assertEquals(
    formatYaml({ loss: 1e-7, b: -1.5e-9, a: [2e30] }),
    "a:\n  - 2.0e+30\nb: -1.5e-9\nloss: 1.0e-7\n",
  );
});

Deno.test("the pool holds the validation errors of all searches but NASWOT's", () =>
  inFolder((dir) => {
    write(join(dir, "random_search", "777"));
    write(join(dir, "bayesian_optimization_gpwl_evolution_pool200", "888"));
    write(join(dir, "naswot", "777"));
    const warn = (message: string) => assert(false, message);
    assertEquals(readPool(dir, { warn }).map(({ error }) => error), [0.125, 0.25, 0.125, 0.25]);
    assertEquals(readPool(dir, { rsOnly: true, warn }).length, 2);
    assertThrows(
      () => readPool(join(dir, "naswot"), { rsOnly: true, warn }),
      /has no results of random searches, expected <searcher>\/<seed>\/results/,
    );
    return Promise.resolve();
  }));
