import assert from "node:assert/strict";
import { nasbench101Encodings } from "../../../src/nas/encodings/nasbench101.ts";
import { nasbench201Encodings } from "../../../src/nas/encodings/nasbench201.ts";
import { openStrategy } from "../../../src/nas/search/parts.ts";
import { Nb101Cells } from "../../../src/nas/spaces/nasbench101_index.ts";
import { notedAt, parseStudy, readStudy, strictly } from "../../../src/nas/study/definition.ts";
import { groupNamed, groupSpace, groupSummaries } from "../../../src/nas/study/groups.ts";
import { headOf, readStudyRecords } from "../../../src/nas/study/records.ts";
import { asLoss, someOf, summariseStudy } from "../../../src/nas/study/summary.ts";
import { checkAlgorithm, openAlgorithm, runTrial } from "../../../src/nas/study/trial.ts";
import { openColumns, openTable } from "../../../src/nas/tables/mod.ts";
import { writeMadeTable } from "./made_table.ts";

const made = writeMadeTable(Deno.makeTempDirSync());
const table = await openTable(made);
const task = openColumns(table, { dataset: "", objective: "", report: "" });
const one = (strategy: string, rest: object = {}) =>
  parseStudy({ name: "test", algorithms: [{ name: "it", strategy, ...rest }] }, "test");

const encodings = {
  nasbench101: nasbench101Encodings({
    cells: new Nb101Cells(new Uint32Array(0), new Uint8Array(0)),
  }),
  nasbench201: nasbench201Encodings(),
};

Deno.test("every encoding of every group is one of its spaces', and does what the group wants of it", () => {
  for (const name of Object.keys(groupSummaries)) {
    const spaces = groupSpace(name) ? [groupSpace(name)!] : Object.keys(encodings);
    for (const { encoding, strategy } of groupNamed(name).algorithms) {
      for (const space of spaces) {
        const known = encodings[space as keyof typeof encodings];
        const { sample, perturb, predictor } = encoding;
        if (sample) assert.ok(known[sample]?.sample, `${name}, ${space}: sample ${sample}`);
        const near = strategy === "local-search" ? "neighbours" : "perturb";
        if (perturb) assert.ok(known[perturb]?.[near], `${name}, ${space}: perturb ${perturb}`);
        const sees = strategy === "gp" ? "distance" : "features";
        if (predictor) assert.ok(known[predictor]?.[sees], `${name}, ${space}: ${predictor}`);
      }
    }
  }
});

Deno.test("the groups have as many algorithms as the published study", () => {
  const single = [
    ...["random", "evolution", "bananas", "gp_bo", "dngo", "bohamiann", "local_search", "nasbot"],
    ...["gcn_predictor", "bonas"],
  ];
  const counts = Object.fromEntries(
    Object.keys(groupSummaries).map((name) => [name, groupNamed(name).algorithms.length]),
  );
  assert.deepEqual(counts, {
    main_experiments: 6,
    test_algos: 6,
    test_simple: 1,
    random_encodings: 11,
    evo_encodings: 6,
    evo_trunc: 24,
    ls_encodings: 3,
    bo_encodings: 7,
    bananas_encodings: 7,
    bananas_all: 3,
    ablation: 5,
    predictors: 8,
    bo_encodings_201: 4,
    bananas_201: 3,
    evo_201: 3,
    simple_algos: 3,
    all_algos: 10,
    local_search_variants: 3,
    ...Object.fromEntries(single.map((name) => [name, 1])),
  });
  assert.equal(groupNamed("evo_trunc").queries, 300);
  assert.throws(
    () => groupNamed("evo"),
    /Cannot find study "evo": expected a file or one of main_/,
  );
});

Deno.test("every row of every group draws and perturbs by adjacency, but where that is what is compared", () => {
  const other = Object.keys(groupSummaries).flatMap((name) =>
    groupNamed(name).algorithms.flatMap(({ encoding: { sample, perturb } }) => [
      ...sample === "adj" ? [] : [`${name} sample`],
      ...perturb === "adj" ? [] : [`${name} perturb`],
    ])
  );
  assert.deepEqual([...new Set(other)], [
    "random_encodings sample",
    "evo_encodings perturb",
    "evo_trunc perturb",
    "ls_encodings perturb",
    "bananas_all sample",
    "bananas_all perturb",
    "evo_201 perturb",
  ]);
  const rows = (name: string) => groupNamed(name).algorithms;
  assert.deepEqual(
    rows("bo_encodings_201").map(({ encoding }) => encoding.predictor),
    ["trunc_path", "path", "adj", "nasbot"],
  );
  const dngo = rows("main_experiments").find(({ strategy }) => strategy === "dngo")!;
  assert.deepEqual([dngo.encoding.predictor, dngo.settings["strategy.initial"]], ["path", 10]);
  assert.match(groupSummaries.predictors, /of denas's own/);
});

Deno.test("where a space has no encodings, adjacency is its own decisions and mutations", async () => {
  for (const { strategy, encoding } of groupNamed("main_experiments").algorithms) {
    const study = one(strategy, { encoding });
    const opened = await openAlgorithm(study.algorithms[0], "nasbench-macro", { queries: 30 });
    const search = await openStrategy(opened.config, opened.space, { gpu: null });
    const [{ arch }] = await search.ask(1);
    assert.equal(opened.space.encode(arch).length > 0, true);
  }
});

Deno.test("a study from a file is refused with the field that is wrong, and its value", () => {
  const refused = (value: unknown, message: RegExp) =>
    assert.throws(() => parseStudy(value, "mine.json"), message);
  const algorithms = [{ name: "a", strategy: "random" }];
  refused(
    { name: "a b", algorithms },
    /Cannot use study mine.json: name is "a b", expected letters/,
  );
  refused({ name: "a", algorithms: [] }, /algorithms is \[\]/);
  refused({ name: "a", algorithms, trials: 0 }, /trials is 0/);
  refused({ name: "a", algorithms, trails: 3 }, /trails is unknown/);
  refused({ name: "a", algorithms: [...algorithms, ...algorithms] }, /algorithms.1.name is "a"/);
  refused(
    { name: "a", algorithms: [{ name: "a", strategy: "random", encoding: { smple: "" } }] },
    /smple/,
  );
  assert.throws(() => readStudy("{", "mine.json"), /Cannot read study mine.json: .*JSON/);
});

Deno.test("a strategy, encoding or setting that there is not is refused before the first trial", async () => {
  const open = async (study: ReturnType<typeof one>) =>
    checkAlgorithm(
      await openAlgorithm(study.algorithms[0], "nasbench201", { queries: 5 }),
      task,
    );
  await assert.rejects(
    open(one("evolutoin")),
    /there is no strategy evolutoin, expected one of random/,
  );
  await assert.rejects(open(one("enas")), /enas learns on a device/);
  await assert.rejects(
    open(one("evolution", { encoding: { perturb: "cont_adj" } })),
    /Cannot use encoding "cont_adj" in space nasbench201: expected one of adj/,
  );
  await assert.rejects(
    open(one("local-search", { encoding: { perturb: "nasbot" } })),
    /Cannot use encoding nasbot of nasbench201 to list neighbours/,
  );
  await assert.rejects(
    open(one("random", { settings: { "strategy.populaton": 3 } })),
    /Cannot set strategy.populaton/,
  );
});

/** The column, telling which of its values are read. */
const spyOn = (column: Float64Array, read: (index: number) => void): Float64Array =>
  new Proxy(column, {
    get: (all, index) => {
      if (typeof index === "string" && /^\d+$/.test(index)) read(Number(index));
      return Reflect.get(all, index);
    },
  });

Deno.test("a trial notes the report of the best by the objective after so many queries", async () => {
  const asked: number[] = [];
  const spied = { ...task, mean: spyOn(task.mean, (index) => asked.push(index)) };
  const opened = await openAlgorithm(one("evolution").algorithms[0], "nasbench201", {
    queries: 45,
  });
  const at = notedAt({ queries: 45, every: 10 });
  assert.deepEqual(at, [10, 20, 30, 40, 45]);
  const { values, best, queries } = await runTrial(opened, spied, 7, at);
  assert.equal(asked.length, 45);
  const bestOf = (n: number) =>
    asked.slice(0, n).reduce((a, b) => task.mean[b] > task.mean[a] ? b : a);
  assert.deepEqual(values, at.map((n) => task.reports[bestOf(n)]));
  assert.equal(best, table.key(bestOf(45)));
  // Every query is kept: as the table has it, not as the score that the strategy was told.
  assert.deepEqual(
    queries,
    asked.map((i) => ({
      arch: table.key(i),
      objective: table.column("c10_val_12")[i],
      report: table.column("c10_test_200")[i],
      parameters: null,
    })),
  );
  const again = await runTrial(opened, task, 7, at);
  assert.deepEqual(again.values, values);
  assert.notDeepEqual((await runTrial(opened, task, 8, at)).values, values);
});

Deno.test("a trial that minimises goes down, and a cell that a table has not is named", async () => {
  const opened = await openAlgorithm(one("evolution").algorithms[0], "nasbench201", {
    queries: 60,
  });
  const down = openColumns(table, { dataset: "", objective: "-c10_test_200", report: "" });
  const { values } = await runTrial(opened, down, 1, [5, 60]);
  assert.ok(values[1] < values[0] && values[1] < 60, String(values));
  const holes = { ...task, table: { ...table, indexOf: () => -1 } };
  await assert.rejects(runTrial(opened, holes, 1, [5]), /Cannot find \|.* in table made.csv/);
});

Deno.test("with Hyperband a short training is a share of a query, and the best is of the longest so far", async () => {
  const folder = Deno.makeTempDirSync();
  const rows = Deno.readTextFileSync(made).split("\n").slice(1, -1).map((row) => {
    const [arch, valid, test] = row.split(",");
    // After 12 epochs worse cells look a little better than they are.
    return `${arch},${(0.9 * Number(valid)).toFixed(3)},${valid},${test}`;
  });
  const file = `${folder}/lengths.csv`;
  const text = ["arch,c10_val_12,c10_val_200,c10_test_200", ...rows, ""].join("\n");
  Deno.writeTextFileSync(file, text);
  const lengths = openColumns(await openTable(file), {
    dataset: "",
    objective: "c10_val_200",
    report: "c10_test_200",
  });
  assert.deepEqual(lengths.fidelities, [12, 200]);
  const asked: { index: number; epochs: number }[] = [];
  const spy = (column: Float64Array, epochs: number) =>
    spyOn(column, (index) => asked.push({ index, epochs }));
  const spied = {
    ...lengths,
    mean: spy(lengths.mean, 200),
    shorter: new Map([[12, spy(lengths.shorter.get(12)!, 12)]]),
  };
  const settings = { "strategy.initial": 9 };
  const opened = await openAlgorithm(
    one("hyperband", { settings }).algorithms[0],
    "nasbench201",
    { queries: 10 },
  );
  const { values, queries } = await runTrial(opened, spied, 3, [1, 10]);
  assert.deepEqual(queries.map(({ epochs }) => epochs), asked.map(({ epochs }) => epochs));
  // Nine short ones cost 0.54 of a query; then three long ones, then brackets of three long ones alone.
  assert.deepEqual(asked.slice(0, 13).map(({ epochs }) => epochs), [
    ...Array(9).fill(12),
    ...Array(4).fill(200),
  ]);
  const spent = asked.reduce((sum, { epochs }) => sum + epochs, 0);
  assert.ok(spent >= 2000 && spent < 2200, String(spent));
  // After the first query's worth: the first long one, though a short one looked better.
  assert.equal(values[0], lengths.reports[asked[9].index]);
  const long = asked.filter(({ epochs }) => epochs === 200);
  const best = long.reduce((a, b) => lengths.mean[b.index] > lengths.mean[a.index] ? b : a);
  assert.equal(values[1], lengths.reports[best.index]);
  await assert.rejects(
    checkAlgorithm(opened, task),
    /Cannot halve successively: the evaluator has one fidelity, 12 epochs/,
  );
});

Deno.test("NSGA-II runs where its further objectives are named, columns or sizes; its values are of the first", async () => {
  const open = (settings: object) =>
    openAlgorithm(one("nsga2", { settings }).algorithms[0], "nasbench201", { queries: 60 });
  const population = { "strategy.population": 10 };
  for (const name of ["-parameters", "-c10_test_200"]) {
    const opened = await open({ ...population, objectives: [name] });
    await checkAlgorithm(opened, task);
    const { values } = await runTrial(opened, task, 1, [10, 60]);
    assert.ok(values[1] > 50 && values.length === 2, `${name}: ${values}`);
  }
  await assert.rejects(
    checkAlgorithm(await open(population), task),
    /Cannot use strategy nsga2: there is one objective, expected more/,
  );
  await assert.rejects(
    checkAlgorithm(await open({ ...population, objectives: ["-size"] }), task),
    /Cannot use metric "size" of table made.csv/,
  );
});

Deno.test("strictly, evolution's population settles at 29, otherwise at 30", async () => {
  const sizes = async (settings: Record<string, unknown>) => {
    const study = one("evolution", { settings: { "strategy.initial": 10, ...settings } });
    const opened = await openAlgorithm(study.algorithms[0], "nasbench201", { queries: 80 });
    const strategy = await openStrategy(opened.config, opened.space, { gpu: null });
    const sizes: number[] = [];
    for (let i = 0; i < 80; i++) {
      const [trial] = await strategy.ask(1);
      await strategy.tell([{ ...trial, score: { value: i % 7 } }]);
      const { json } = await strategy.snapshot();
      sizes.push((json as { population: unknown[] }).population.length);
    }
    return sizes;
  };
  const growing = (to: number) => Array.from({ length: 80 }, (_, i) => Math.min(i + 1, to));
  assert.deepEqual(await sizes({}), growing(30));
  assert.deepEqual(await sizes({ "strategy.strict": true }), growing(29));
  const worst = { "strategy.strict": true, "strategy.drop": "worst" };
  assert.deepEqual(await sizes(worst), growing(29));
  // More first draws than the population holds: the first of them are kept.
  const many = await sizes({ "strategy.strict": true, "strategy.initial": 40 });
  assert.deepEqual(many, growing(30));
  const strict = strictly(groupNamed("main_experiments")).algorithms;
  assert.ok(strict.every((a) => a.encoding.strict));
  const own = strict.filter((a) => a.settings["strategy.strict"] === true);
  assert.deepEqual(own.map(({ strategy }) => strategy), ["evolution"]);
  // The published code shuffles neighbourhoods, strictly or not.
  assert.ok(strict.every((a) => !("strategy.order" in a.settings)));
});

Deno.test("a summary has mean and deviation per algorithm, whatever the order of the lines", () => {
  const study = parseStudy({
    name: "test",
    algorithms: [{ name: "a", strategy: "random" }, { name: "b", strategy: "random" }],
    queries: 20,
  }, "test");
  const head = JSON.parse(JSON.stringify(headOf(study, [task])));
  const line = (trial: number, values: number[], algorithm = 0) => ({
    type: "trial",
    task: 0,
    algorithm,
    trial,
    seed: 1 + trial,
    values,
    best: "x",
    seconds: 0.5,
  });
  const lines = [line(0, [90, 91]), line(1, [92, 93]), line(2, [91, 95])];
  const [summary] = summariseStudy(readStudyRecords([head, ...lines], "f"));
  assert.deepEqual(summary.curves.map((c) => c.algorithm), ["a"]);
  assert.deepEqual(summary.curves[0].points.map((p) => [p.n, p.mean, p.deviation]), [
    [3, 91, 1],
    [3, 93, 2],
  ]);
  const mixed = summariseStudy(readStudyRecords([head, ...lines.toReversed()], "f"));
  assert.deepEqual(mixed[0], summary);
  const loss = asLoss(summary.task, summary.curves[0].points[1]);
  assert.equal(loss.mean, 7);
  assert.equal(loss.deviation, 2);
  const refused = (extra: unknown[], message: RegExp) =>
    assert.throws(() => readStudyRecords([head, ...extra], "f"), message);
  refused([lines[0], lines[0]], /Cannot read f: line 3 repeats a trial/);
  refused([line(0, [1, 2], 2)], /line 2 is no trial of this study/);
  refused([line(0, [1])], /line 2 is no trial of this study/);
  const failed = { type: "failed", task: 0, algorithm: 0, trial: 3, seed: 4, reason: "why" };
  const [{ curves: [curve] }] = summariseStudy(readStudyRecords([head, ...lines, failed], "f"));
  assert.deepEqual([curve.points[0].n, curve.failed], [3, 1]);
  refused([lines[0], { ...failed, trial: 0 }], /line 3 repeats a trial/);
  refused([{ ...lines[0], seed: "1" }], /Cannot read f: line 2: seed/);
  assert.throws(() => readStudyRecords([lines[0]], "f"), /Cannot read f: line 1: type/);
});

Deno.test("a few of many numbers of queries end with the last", () => {
  assert.deepEqual(someOf([10, 20, 30]), [0, 1, 2]);
  assert.deepEqual(someOf(notedAt({ queries: 150, every: 10 })).map((i) => 10 * (i + 1)), [
    30,
    60,
    90,
    120,
    150,
  ]);
});
