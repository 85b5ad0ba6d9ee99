/**
 * Times of predictors for fitting and predicting, by the size of the training set, on cells of NAS-Bench-201:
 * deno run -A bench/predictors.ts [predictor …]
 */
import { nasbench201Encodings } from "../src/nas/encodings/nasbench201.ts";
import { resolveSearchConfig } from "../src/nas/config/config.ts";
import type { Encoding } from "../src/nas/encodings/encoding.ts";
import { openPredictor } from "../src/nas/predictors/mod.ts";
import { allPredictorNames, type PredictorName } from "../src/nas/predictors/names.ts";
import { openSpace } from "../src/nas/registry.ts";
import { Rng, Stream } from "../src/common/random.ts";

const config = resolveSearchConfig({ mode: "nasbench201", preset: "paper" });
const space = openSpace(config.space);
const encodings = nasbench201Encodings();
const names = (Deno.args.length ? Deno.args : allPredictorNames) as PredictorName[];
const rng = new Rng(1, Stream.search);
const draw = (n: number) => Array.from({ length: n }, () => encodings.adj.sample!(rng));
/** Encodings that strategies use for predictors, where they are not `trunc_path`. */
const usual: Partial<Record<PredictorName, string>> = { gp: "adj", dngo: "path", bohamiann: "adj" };

for (const name of names) {
  const encoding = encodings[usual[name] ?? "trunc_path"] as Encoding<unknown>;
  for (const size of [20, 50, 100]) {
    const known = draw(size), others = draw(200);
    const targets = Float64Array.from(known, ({ ops }) => ops.reduce((a, b) => a + b, rng.next()));
    const predictor = openPredictor(name, { space, encoding });
    const begin = performance.now();
    predictor.fit(known, targets, rng);
    const fitted = performance.now();
    predictor.predict(others);
    const end = performance.now();
    console.log(
      `${name.padEnd(10)} ${String(size).padStart(4)} learned in ${
        (fitted - begin).toFixed(0)
      } ms, ` +
        `200 predicted in ${(end - fitted).toFixed(0)} ms`,
    );
  }
}
