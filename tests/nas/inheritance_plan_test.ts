/** Donors and epochs of inherited weights, planned on hand-made histories. */
import assert from "node:assert/strict";
import { openSpace } from "../../src/nas/registry.ts";
import {
  Inheritance,
  type InheritanceSettings,
  slotsOf,
} from "../../src/nas/search/inheritance.ts";
import { epochsFor } from "../../src/nas/search/thresholds.ts";
import type { ModularArch } from "../../src/nas/spaces/modular.ts";
import type { SearchSpace } from "../../src/nas/space.ts";
import type { Trial } from "../../src/nas/strategy.ts";

const small = { filters: 2, numStages: 3, initialModules: 2, minModules: 1, maxModules: 3 };
const space = openSpace({ kind: "modular", ...small }) as SearchSpace<ModularArch>;
const network = { input: [8, 8, 3], classes: 3, form: "final" } as const;
const thresholds = { 0: 108, 1: 60, 2: 22, 4: 10 };
const usual = { inherit: "reuse", slidingWindows: 5, thresholds, keepWeights: 100 } as const;

/** Plans of a history whose trials were told in turn, and the names of weights that were removed. */
function planned(settings: Partial<InheritanceSettings> = {}) {
  const removed: string[] = [];
  const plans = new Inheritance(space, network, { ...usual, ...settings }, {
    remove: (name) => (removed.push(name), Promise.resolve()),
  });
  let id = 0;
  const ask = (...modules: number[]) => plans.plan({ id: id++, arch: { modules } });
  return {
    ask,
    removed,
    tell: (trial: Trial<ModularArch>, status: "ok" | "failed" = "ok") =>
      plans.told([{ ...trial, status, score: { value: 0 } }]),
    async add(...modules: number[]) {
      await this.tell(ask(...modules));
    },
  };
}

const donorsOf = ({ inherit }: Trial<ModularArch>) =>
  Object.fromEntries(inherit!.map(({ slot, donors }) => [slot, donors]));

const blocks = (position: number, module: number, donors: number[]) =>
  Object.fromEntries(
    [0, 1, 2].map((b) => [`position${position}/block${b}/module${module}`, donors]),
  );

Deno.test("thresholds: the epochs of the largest one that is reached, never more for more donors", () => {
  assert.deepEqual([0, 1, 2, 3, 4, 5].map((n) => epochsFor(thresholds, n)), [
    108,
    60,
    22,
    22,
    10,
    10,
  ]);
  assert.throws(() => epochsFor({ 0: 10, 2: 20 }, 1), {
    name: "UsageError",
    message:
      /^Cannot use thresholds {"0":10,"2":20}: 2 donors lead to 20 epochs, fewer to 10, expected/,
  });
  assert.throws(() => planned({ thresholds: { 1: 5 } }), { message: /there is none for 0 donors/ });
});

Deno.test("reuse: the oldest network with the same module at the same position", async () => {
  const history = planned();
  await history.add(0, 1);
  await history.add(0, 2);
  await history.add(3, 1);
  const child = history.ask(0, 2);
  assert.deepEqual(donorsOf(child), {
    stem: [0],
    ...blocks(0, 0, [0]),
    ...blocks(1, 2, [1]),
    head8: [0],
  });
  // One donor in every slot: 60 epochs, as published; without one anywhere, all 108.
  assert.equal(child.epochs, 60);
  const other = history.ask(4, 1);
  assert.equal(other.epochs, 108);
  assert.deepEqual(donorsOf(other), { stem: [0], ...blocks(1, 1, [0]), head8: [0] });
  // A module at another position is another slot.
  assert.deepEqual(Object.keys(donorsOf(history.ask(2, 0))), ["stem", "head8"]);
});

Deno.test("average: the newest networks first, at most as many as the window", async () => {
  const history = planned({ inherit: "average", slidingWindows: 3 });
  for (const second of [1, 2, 3, 4, 1]) await history.add(0, second);
  const child = history.ask(0, 1);
  assert.deepEqual(donorsOf(child), {
    stem: [3, 2, 1],
    ...blocks(0, 0, [3, 2, 1]),
    // The fifth trial has the architecture of the first: it is no network of its own.
    ...blocks(1, 1, [0]),
    head8: [3, 2, 1],
  });
});

Deno.test("average: two donors everywhere lead to 22 epochs, four to 10", async () => {
  const history = planned({ inherit: "average" });
  for (const [first, second] of [[0, 1], [0, 2], [3, 1]]) await history.add(first, second);
  assert.equal(history.ask(0, 1).epochs, 22);
  for (const [first, second] of [[0, 3], [0, 4], [2, 1], [4, 1]]) await history.add(first, second);
  const child = history.ask(0, 1);
  assert.deepEqual(
    donorsOf(child)[`position1/block2/module1`],
    [7, 6, 2, 0],
  );
  assert.equal(child.epochs, 10);
});

Deno.test("slots match by name and shape: another length has a classifier of its own", async () => {
  const history = planned();
  await history.add(0, 1);
  const child = history.ask(0, 1, 2);
  assert.deepEqual(donorsOf(child), { stem: [0], ...blocks(0, 0, [0]), ...blocks(1, 1, [0]) });
  assert.equal(child.epochs, 108);
});

Deno.test("failed trials are no donors, and donors are fixed when a trial is asked", async () => {
  const history = planned();
  const [first, second] = [history.ask(0, 1), history.ask(0, 1)];
  assert.deepEqual([first.inherit, second.inherit], [[], []]);
  await history.tell(first, "failed");
  assert.deepEqual(history.ask(0, 2).inherit, []);
  await history.tell(second);
  assert.deepEqual(donorsOf(history.ask(0, 2)).stem, [1]);
});

Deno.test("weights that nobody can ask for any more are removed two rounds later", async () => {
  const history = planned();
  await history.add(0, 1);
  await history.add(2, 3);
  // Every slot of this one has an older donor.
  await history.add(0, 3);
  assert.deepEqual(history.removed, []);
  await history.add(1, 1);
  assert.deepEqual(history.removed, []);
  await history.add(4, 1);
  assert.deepEqual(history.removed, ["trial-2"]);
});

Deno.test("the bound on kept weights gives up the oldest, and refuses a network that is larger", async () => {
  const bytes = (...modules: number[]) => slotsOf(space, { modules }, network).bytes;
  // Room for the last two networks and half of the one before.
  const bound = bytes(4, 0) + bytes(3, 4) + bytes(1, 2) / 2;
  const history = planned({ keepWeights: bound / 2 ** 20 });
  for (const [a, b] of [[0, 1], [2, 3], [1, 2], [3, 4], [4, 0]]) await history.add(a, b);
  assert.equal(donorsOf(history.ask(0, 1)).stem[0], 3);
  assert.equal(history.removed[0], "trial-0");
  const tiny = planned({ keepWeights: bytes(0, 1) / 2 ** 21 });
  assert.throws(() => tiny.ask(0, 1), {
    name: "UsageError",
    message:
      /^Cannot keep the weights of a network for inheritance: they take 1 MiB, expected at most/,
  });
});
