/**
 * Mutation testing of kernels: breaks them on purpose and checks that a test fails. `deno run -A
 * tools/mutants.ts`. Each mutant is one wrong sign, pad, stride, comparison … in a copy of the tree, where
 * the tests that reach that kernel run. The exit code is 1 when a mutant survives that
 * `mutants/equivalent.ts` does not explain.
 */
import { parseArgs } from "node:util";
import { join } from "@std/path";
import { whyEquivalent } from "./mutants/equivalent.ts";
import { type Mutant, mutantsOf, sampleOf } from "./mutants/operators.ts";
import { type Command, filesUnder, Targets } from "./mutants/targets.ts";

const usage = `usage: deno run -A tools/mutants.ts [options]
  --filter TEXT   kernels whose path contains TEXT (several: separated by commas)
  --sample N      mutants per kernel, default 6; at least one sign, pad and stride mutant each
  --seed N        which ones, default 1
  --all           every mutant
  --jobs N        processes at a time, default 1
  --list          print the mutants, run nothing
  --json          one line of JSON per mutant on stdout instead of the table`;

const root = join(import.meta.dirname!, "..");
const { values: options } = parseArgs({
  options: {
    filter: { type: "string", default: "" },
    sample: { type: "string", default: "6" },
    seed: { type: "string", default: "1" },
    jobs: { type: "string", default: "1" },
    all: { type: "boolean", default: false },
    list: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});
const targets = new Targets(root);

/** Result of a mutant. `invalid`: it does not compile, which says nothing about the tests. */
type Fate = "killed" | "crashed" | "hung" | "survived" | "equivalent" | "invalid";

interface Verdict extends Omit<Mutant, "text"> {
  fate: Fate;
  seconds: number;
  because?: string;
}

/** A copy of the files that tests need, in which kernels may be overwritten. */
class Tree {
  readonly #path = Deno.makeTempDirSync({ prefix: "denas-mutants-" });
  /** Milliseconds of a command on the unchanged tree. */
  static readonly #usual = new Map<string, Promise<number>>();

  constructor() {
    for (const folder of ["kernels", "src", "tests"]) copyFolder(folder, this.#path);
    for (const file of ["deno.json", "deno.lock"]) {
      Deno.copyFileSync(join(root, file), join(this.#path, file));
    }
  }

  remove(): void {
    Deno.removeSync(this.#path, { recursive: true });
  }

  /** Runs the tests of a kernel, cheapest first, until one fails. */
  async judge(mutant: Mutant): Promise<{ fate: Fate; seconds: number }> {
    const start = performance.now();
    const commands = await this.#byTime(targets.commands(mutant.file));
    const place = join(this.#path, mutant.file);
    Deno.writeTextFileSync(place, mutant.text);
    let fate: Fate = "survived";
    for (const { command, usual } of commands) {
      ({ fate } = await this.#run(command, 20_000 + 6 * usual));
      if (fate !== "survived") break;
    }
    Deno.copyFileSync(join(root, mutant.file), place);
    return { fate, seconds: (performance.now() - start) / 1000 };
  }

  async #byTime(commands: readonly Command[]) {
    const timed = [];
    for (const command of commands) {
      const key = JSON.stringify(command);
      let usual = Tree.#usual.get(key);
      if (!usual) Tree.#usual.set(key, usual = this.#time(command));
      timed.push({ command, usual: await usual });
    }
    return timed.sort((a, b) => a.usual - b.usual);
  }

  async #time(command: Command): Promise<number> {
    const start = performance.now();
    const { fate, said } = await this.#run(command, 300_000);
    if (fate !== "survived") {
      throw new Error(
        `Cannot judge mutants: without any, deno test ${command.files} ended as ${fate}, ` +
          `expected it to pass${command.op ? ` with DENAS_OP=${command.op}` : ""}:\n${said}`,
      );
    }
    return performance.now() - start;
  }

  async #run(command: Command, limit: number): Promise<{ fate: Fate; said: string }> {
    const child = new Deno.Command(Deno.execPath(), {
      args: ["test", "-A", "--no-check", "--fail-fast", ...command.files],
      cwd: this.#path,
      env: { NO_COLOR: "1", ...command.op && { DENAS_OP: command.op } },
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      child.kill("SIGKILL");
    }, limit);
    const { code, signal, stdout, stderr } = await child.output();
    clearTimeout(timer);
    const said = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
    const invalid = /Cannot (compile|unroll)|Cannot go on: the device reports/.test(said);
    const fate = late
      ? "hung"
      : signal
      ? "crashed"
      : code === 0
      ? "survived"
      : invalid
      ? "invalid"
      : "killed";
    return { fate, said };
  }
}

function copyFolder(folder: string, to: string): void {
  for (const file of filesUnder(root, folder, "")) {
    const place = join(to, file);
    Deno.mkdirSync(join(place, ".."), { recursive: true });
    Deno.copyFileSync(join(root, file), place);
  }
}

/** Judges all mutants, with several trees in parallel. */
async function judgeAll(mutants: readonly Mutant[], jobs: number): Promise<Verdict[]> {
  const verdicts: Verdict[] = [];
  let next = 0;
  const worker = async () => {
    const tree = new Tree();
    try {
      while (next < mutants.length) {
        const mutant = mutants[next++];
        const { text: _, ...rest } = mutant;
        const { fate, seconds } = await tree.judge(mutant);
        const because = fate === "survived" ? whyEquivalent(mutant) : undefined;
        const verdict = {
          ...rest,
          fate: because ? "equivalent" as const : fate,
          seconds,
          ...because && { because },
        };
        verdicts.push(verdict);
        report(verdict, verdicts.length, mutants.length);
      }
    } finally {
      tree.remove();
    }
  };
  await Promise.all(Array.from({ length: jobs }, worker));
  return verdicts;
}

const show = (m: Pick<Verdict, "file" | "line" | "kind" | "before" | "after">) =>
  `${m.file}:${m.line} ${m.kind}\n    - ${m.before}\n    + ${m.after}`;

function report(verdict: Verdict, done: number, total: number): void {
  if (options.json) console.log(JSON.stringify(verdict));
  if (verdict.fate === "survived") console.error(`survived: ${show(verdict)}`);
  if (done % 20 === 0) console.error(`${done} of ${total}`);
}

function table(verdicts: readonly Verdict[]): void {
  const row = (name: string, cells: (string | number)[]) =>
    console.log(name.padEnd(38) + cells.map((c) => String(c).padStart(11)).join(""));
  const line = (name: string, of: readonly Verdict[]) => {
    const n = (...fates: Fate[]) => of.filter((v) => fates.includes(v.fate)).length;
    row(name, [
      of.length,
      n("killed", "crashed", "hung"),
      n("survived"),
      n("equivalent"),
      n("invalid"),
    ]);
  };
  row("kernel", ["mutants", "killed", "survived", "equivalent", "invalid"]);
  const files = [...new Set(verdicts.map((v) => v.file))].sort();
  for (const file of files) line(file, verdicts.filter((v) => v.file === file));
  line("all", verdicts);
}

if (options.help) {
  console.log(usage);
  Deno.exit(0);
}
const parts = options.filter.split(",");
const chosen = filesUnder(root, "kernels", ".wgsl")
  .filter((file) => parts.some((part) => file.includes(part)))
  .flatMap((file) => {
    const all = mutantsOf(file, Deno.readTextFileSync(join(root, file)));
    return options.all ? all : sampleOf(all, Number(options.sample), Number(options.seed));
  });
if (options.list) {
  for (const mutant of chosen) console.log(show(mutant));
  console.log(`${chosen.length} mutants`);
  Deno.exit(0);
}
const verdicts = await judgeAll(chosen, Number(options.jobs));
const survivors = verdicts.filter((v) => v.fate === "survived");
if (!options.json) {
  table(verdicts);
  for (const survivor of survivors) console.log(`survived: ${show(survivor)}`);
}
Deno.exit(survivors.length ? 1 : 0);
