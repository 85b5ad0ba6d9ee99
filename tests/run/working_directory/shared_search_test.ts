import { join } from "@std/path";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { resolveSearchConfig } from "../../../src/nas/config/config.ts";
import type { RunEvent } from "../../../src/nas/events.ts";
import { search } from "../../../src/nas/search/search.ts";
import { memoryStore } from "../../../src/nas/search/store.ts";
import { WorkingDirectory } from "../../../src/run/working_directory/directory.ts";
import { shareSearch } from "../../../src/run/working_directory/shared_search.ts";
import { readTree } from "../../../src/run/working_directory/tree.ts";
import { inFolder } from "../../data/make.ts";

/** Evaluations of all processes. */
let evaluated = 0;

const scale = {
  lossOf: (score: number) => -score,
  scoreOf: (loss: number) => -loss,
  infoOf: (score: number) => (evaluated++, { test_score: -score }),
};

const configOf = (strategy: string, seed = 1, rounds = 12) =>
  resolveSearchConfig({
    mode: "nasbench201",
    preset: "smoke",
    overrides: {
      strategy,
      evaluator: "debug",
      rounds,
      seed,
      epochs: 1,
      "space.filters": 4,
      "evaluator.goal": 20_000,
      ...strategy === "evolution" && { "strategy.population": 4, "strategy.tournament": 2 },
      ...strategy === "gp-wl" && { "strategy.initial": 4 },
    },
  });

interface Run {
  strategy?: string;
  seed?: number;
  total?: number;
  /** Stops after so many trials, as if the process were killed. */
  killAfter?: number;
  settings?: Record<string, unknown>;
}

/** Runs one process's part of a search; returns its events. */
async function part(path: string, run: Run = {}): Promise<{ events: RunEvent[]; notes: string[] }> {
  const { strategy = "evolution", seed = 1, total = 12, killAfter, settings = {} } = run;
  const stop = new AbortController();
  const notes: string[] = [];
  const directory = await WorkingDirectory.open(path, {
    args: { searcher: strategy, seed },
    settings,
    warn: (message) => notes.push(message),
    signal: stop.signal,
  });
  const events: RunEvent[] = [];
  const config = configOf(strategy, seed, total);
  const share = (parts: Parameters<typeof shareSearch>[0]) =>
    shareSearch(parts, { ...scale, directory, total }, stop.signal);
  try {
    for await (
      const event of search(config, { signal: stop.signal, store: memoryStore(), share })
    ) {
      events.push(event);
      const trials = events.filter(({ type }) => type === "trial").length;
      if (trials === killAfter) break;
    }
  } finally {
    directory.close();
  }
  return { events, notes };
}

const trialsOf = (events: RunEvent[]) =>
  events.flatMap((event) => event.type === "trial" && event.on === "reward" ? [event] : []);
const lossesIn = (path: string) =>
  readTree(path, () => {}).map(({ outcome }) => outcome?.status === "ok" ? outcome.loss : null);

Deno.test("a shared search of one process is the plain search, with its tree beside it", () =>
  inFolder(async (dir) => {
    const plain: RunEvent[] = [];
    const signal = new AbortController().signal;
    for await (const event of search(configOf("evolution"), { signal, store: memoryStore() })) {
      plain.push(event);
    }
    const { events } = await part(join(dir, "wd"));
    const figures = (all: RunEvent[]) =>
      trialsOf(all).map(({ trial, choice, score, parents }) => ({ trial, choice, score, parents }));
    assertEquals(figures(events), figures(plain));
    assertEquals(
      events.flatMap((event) => event.type === "done" ? [event.choice] : []),
      plain.flatMap((event) => event.type === "done" ? [event.choice] : []),
    );
    const losses = lossesIn(join(dir, "wd"));
    assertEquals(losses, trialsOf(plain).map(({ score }) => -score));
    const text = (name: string) => Deno.readTextFileSync(join(dir, "wd", name));
    assertEquals(
      text("results/config_1/result.yaml"),
      `info_dict:\n  test_score: ${losses[0]}\nloss: ${losses[0]}\n`,
    );
    assert(
      /^time_end: [\d.]+\ntime_sampled: [\d.]+\n$/.test(text("results/config_1/metadata.yaml")),
    );
    assertEquals(text("all_losses_and_configs.txt").split("-".repeat(79)).length, 13);
    let least = Infinity;
    const better = losses.filter((loss) => loss! < least && ((least = loss!), true));
    assertEquals(text("best_loss_trajectory.txt"), better.map((loss) => `${loss}\n`).join(""));
    assert(text("best_loss_with_config_trajectory.txt").includes(`Loss: ${least}\nConfig ID: `));
  }));

for (const strategy of ["random", "evolution", "gp-wl"]) {
  Deno.test(`a killed search of ${strategy} goes on to the same end`, () =>
    inFolder(async (dir) => {
      await part(join(dir, "whole"), { strategy });
      await part(join(dir, "cut"), { strategy, killAfter: 3 });
      // Killed while the next one was evaluated: a configuration without a result.
      const folder = join(dir, "cut", "results", "config_3");
      await Deno.remove(join(folder, "result.yaml"));
      await part(join(dir, "cut"), { strategy, killAfter: 5 });
      await part(join(dir, "cut"), { strategy });
      assertEquals(lossesIn(join(dir, "cut")), lossesIn(join(dir, "whole")));
    }));
}

Deno.test("processes of one directory share the work, keep the total and all end with the best", () =>
  inFolder(async (dir) => {
    const path = join(dir, "wd");
    const before = evaluated;
    const parts = await Promise.all([1, 2, 3].map(() => part(path, { total: 20 })));
    assertEquals(evaluated - before, 20);
    const losses = lossesIn(path);
    assertEquals(losses.length, 20);
    assert(!losses.includes(null));
    const least = Math.min(...losses as number[]);
    for (const { events } of parts) {
      assertEquals(trialsOf(events).length, 20);
      const done = events.at(-1)!;
      assert(done.type === "done" && done.score === -least);
    }
  }));

Deno.test("failed evaluations are recorded and not repeated; a cut file is named and the others go on", () =>
  inFolder(async (dir) => {
    const path = join(dir, "wd");
    await part(path, { killAfter: 4 });
    const result = (n: number) => join(path, "results", `config_${n}`, "result.yaml");
    Deno.writeTextFileSync(result(1), "error\n");
    Deno.writeTextFileSync(result(2), "info_dict:\n  test_score: 5\nloss: 1234");
    Deno.writeTextFileSync(join(path, "results", "config_3", "config.yaml"), "archit");
    const strange = join(path, "results", "config_4");
    Deno.writeTextFileSync(join(strange, "config.yaml"), "architecture: something else\n");
    Deno.removeSync(join(strange, "result.yaml"));
    const { events, notes } = await part(path);
    assertEquals(notes.length, 3);
    assert(/config_2\/result\.yaml: it ends within a line/.test(notes[0]), notes[0]);
    assert(/config_3\/config\.yaml/.test(notes[1]), notes[1]);
    assert(/config_4: Cannot .*something else/.test(notes[2]), notes[2]);
    assertEquals(Deno.readTextFileSync(result(4)), "error\n");
    assertEquals(lossesIn(path).map((loss) => loss === null), [
      ...[true, true, true, true],
      ...new Array(8).fill(false),
    ]);
    const failed = trialsOf(events).filter(({ status }) => status === "failed");
    assertEquals(failed.map(({ trial }) => trial), [0, 1]);
    assertEquals(Deno.readTextFileSync(result(1)), "error\n");
  }));

Deno.test("a directory of another search is refused, naming the setting", () =>
  inFolder(async (dir) => {
    const path = join(dir, "wd");
    await part(path, { settings: { batch: 32 } });
    await assertRejects(
      () => part(path, { settings: { batch: 64 } }),
      /working directory .*: batch is 64, expected 32 as in its \.denas_settings\.json/,
    );
    await assertRejects(
      () => part(path, { strategy: "random" }),
      /searcher is "random", expected "evolution" as in its args\.json/,
    );
  }));
