import assert from "node:assert/strict";
import { runStudy } from "../../../src/run/study/run.ts";
import { tableTest } from "../tables/real.ts";
import { checkSearchers, searchersStudy } from "./published_searchers.ts";

tableTest(
  "random search, evolution and local search find on the real table what others found, within four standard errors",
  ["nasbench201", "nb201.csv"],
  async (file) => {
    const records = await runStudy(searchersStudy(file, 1000, 1), {
      folder: Deno.makeTempDirSync(),
      threads: navigator.hardwareConcurrency,
      cacheDir: Deno.makeTempDirSync(),
      signal: new AbortController().signal,
    });
    const checks = await checkSearchers(file, records);
    assert.equal(checks.length, 3 * (4 + 3 + 3 + 4));
    assert.deepEqual(checks.filter(({ off }) => !(off <= 1)), []);
  },
);
