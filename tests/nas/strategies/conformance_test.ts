/** Requirements on every strategy that needs no device; `small` below has settings that show them soon. */
import assert from "node:assert/strict";
import { resolveSearchConfig, type SearchConfig } from "../../../src/nas/config/config.ts";
import { openStrategy } from "../../../src/nas/search/parts.ts";
import { openSpace, strategies } from "../../../src/nas/registry.ts";
import type { Strategy, Trial } from "../../../src/nas/strategy.ts";

const few = { "strategy.initial": 12, "strategy.batch": 28 };
// NPENAS trusts its predictor alone, which has to have seen more.
const more = { "strategy.initial": 20, "strategy.batch": 18 };
// The published chain takes ten times as many steps.
const short = { ...few, "strategy.settings.steps": 1000 };
// BANANAS proposes mutations of the best, some of which change nothing: it takes a few fits.
const often = { "strategy.initial": 12, "strategy.batch": 7 };
const nets = { bananas: often, dngo: few, bohamiann: short, bonas: few, npenas: more };
/** Settings with which each strategy shows its own behaviour within 60 queries. */
const small: Record<string, Record<string, unknown>> = {
  evolution: { "strategy.population": 8, "strategy.tournament": 4 },
  "local-search": { "strategy.initial": 3 },
  nsga2: { "strategy.population": 8, objectives: ["-parameters"] },
  // A smaller pool evolves as far in a space of 15,625 cells.
  "gp-hwl": { "strategy.pool": 40 },
  "gp-nasbot": { "strategy.pool": 40 },
  // Nets learn slowly: few fits, and the small graph net in place of the large one.
  ...nets,
  gcn: {
    "strategy.predictor": "bonas",
    "strategy.initial": 12,
    epochs: 1,
    rounds: 6,
    perRound: 10,
  },
};
const learnsSlowly = (name: string) => name in nets || /^(gcn|gp-(wl|hwl|mixed))$/.test(name);

function configOf(strategy: string, seed = 1): SearchConfig {
  const config = resolveSearchConfig({
    mode: "nasbench201",
    preset: "quick",
    overrides: { strategy, ...small[strategy] },
  });
  return { ...config, seed };
}

const outside = { gpu: null, fidelities: [1, 3, 9] };
const space = openSpace(configOf("random").space);

/**
 * Score that is smooth over the cells, with one best cell: convolutions are good, `none` is bad, edges differ
 * in weight.
 */
const worth = [0, 0.5, 0.7, 1, 0.3];
const value = (arch: unknown) =>
  space.encode(arch).reduce((sum, op, edge) => sum + worth[op] * (1 + edge / 5), 0) / 9;

async function step(strategy: Strategy<unknown>, n: number): Promise<Trial<unknown>[]> {
  const asked = await strategy.ask(n);
  // A score after a short training is a little off; parameters compete with the score.
  await strategy.tell(asked.map((t) => {
    const score = value(t.arch) - (t.partial ? 0.03 * Math.sin(1e4 * value(t.arch)) : 0);
    const convolutions = space.encode(t.arch).filter((op) => op === 2 || op === 3).length;
    return { ...t, score: { value: score, objectives: [score, -convolutions] } };
  }));
  return asked;
}

async function bestOf(name: string, seed: number, queries: number): Promise<number> {
  const strategy = await openStrategy(configOf(name, seed), space, outside);
  let best = 0;
  for (let asked = 0; asked < queries;) {
    const trials = await step(strategy, 1);
    // A short training costs its share.
    asked += trials.reduce((sum, t) => sum + (t.epochs ?? 9) / 9, 0);
    best = Math.max(best, ...trials.map((t) => t.partial ? 0 : value(t.arch)));
  }
  return best;
}

const plain = strategies.all().flatMap(({ name, needsDevice }) => needsDevice ? [] : [name]);

for (const name of plain) {
  Deno.test(`${name}: trials count from 0, and a snapshot goes on exactly as the search would`, async () => {
    const config = configOf(name);
    const strategy = await openStrategy(config, space, outside);
    const ids: number[] = [];
    for (let i = 0; i < 13; i++) ids.push(...(await step(strategy, 2)).map((t) => t.id));
    assert.deepEqual(ids, ids.map((_, i) => i));
    const state = structuredClone(await strategy.snapshot());
    const again = await openStrategy(config, space, outside);
    // States go through JSON and safetensors in a run folder.
    await again.restore({ ...state, json: JSON.parse(JSON.stringify(state.json)) });
    for (let i = 0; i < 4; i++) {
      const [a, b] = [await step(strategy, 6), await step(again, 6)];
      assert.deepEqual(b, a);
      assert.deepEqual(await again.draw(2), await strategy.draw(2));
    }
  });

  if (["evolution", "nsga2", "local-search"].includes(name)) {
    Deno.test(`${name}: a trial's parents were told before, also by a restored strategy`, async () => {
      const strategy = await openStrategy(configOf(name), space, outside);
      const trials = await step(strategy, 12);
      for (let i = 0; i < 5; i++) {
        await strategy.restore(JSON.parse(JSON.stringify(await strategy.snapshot())));
        const next = await step(strategy, 6);
        for (const { parents = [] } of next) {
          for (const parent of parents) {
            assert.ok(trials.some(({ id }) => id === parent), `${parent}`);
          }
        }
        trials.push(...next);
      }
      assert.ok(trials.some(({ parents }) => parents !== undefined));
    });
  }

  if (name === "random") continue;
  Deno.test(`${name}: finds better cells than random search in as many queries`, async () => {
    const [seeds, queries] = learnsSlowly(name) ? [[1, 2], 40] : [[1, 2, 3, 4, 5, 6], 60];
    const mean = async (which: string) =>
      (await Promise.all(seeds.map((seed) => bestOf(which, seed, queries))))
        .reduce((a, b) => a + b) / seeds.length;
    const [found, uniform] = [await mean(name), await mean("random")];
    assert.ok(found > uniform + 0.02, `${found} against ${uniform}`);
  });
}
