/** Modular NAS on the command line: pool, search, SIGKILL and resume, lineage, retraining, export. */
import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { writeNb101File } from "../../bench/made_nasbench101.ts";
import { moduleOf } from "../../src/nas/spaces/modular_pool.ts";
import { packDag } from "../../src/nas/spaces/nasbench101_cells.ts";
import { readLines } from "../../src/run/files.ts";
import { ONNX } from "../../src/run/network.ts";
import { writePictures } from "../data/make.ts";
import { denas, start } from "./command.ts";

const sizes = [
  ...["--data", "photos", "--batch", "8", "--filters", "2", "--stem", "1", "--wait"],
  ...["--set", "evalBatch=8"],
];
const search = [
  ...["search", "--mode", "modular", "--preset", "smoke", "--modules", "modules.json", ...sizes],
  ...["--cycles", "6", "--inherit", "average", "--thresholds", '{"0":3,"1":2,"2":1}'],
];

/** Results of a search, without times. */
function found(here: string) {
  const [{ name }] = Deno.readDirSync(join(here, "runs"));
  const run = join(here, "runs", name);
  const trials = readLines<Record<string, unknown>>(join(run, "trials.ndjson"))
    .map(({ time: _, ...trial }) => trial);
  const weights = [...Deno.readDirSync(join(run, "weights"))].map(({ name }) => name).sort()
    .map((name) => [name, Deno.readFileSync(join(run, "weights", name))]);
  return { trials, weights, arch: JSON.parse(Deno.readTextFileSync(join(run, "arch.json"))) };
}

async function newFolder(): Promise<string> {
  const here = Deno.makeTempDirSync({ prefix: "denas-" });
  const parts = { train: 24, valid: 8, test: 6 };
  await writePictures(join(here, "photos"), parts, { size: [16, 16] });
  const { code, stdout, stderr } = await denas(["modules", "--num-modules", "3"], {
    INIT_CWD: here,
  });
  assertEquals(code, 0, stderr);
  assert(stdout.includes("ranked by: number of parameters (a zero-cost score)"), stdout);
  return here;
}

Deno.test("a modular search that is killed and resumed ends like one that was not; its winner is a network", async () => {
  const here = await newFolder();
  const env = { INIT_CWD: here };
  const whole = await denas(search, env);
  assertEquals(whole.code, 0, whole.stderr);
  assert(/\d+ epochs of training, 18 without inherited weights/.test(whole.stdout), whole.stdout);

  const there = await newFolder();
  const { child } = start([...search, "--json"], { INIT_CWD: there });
  let seen = "";
  for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
    seen += text;
    if (seen.split('"type":"trial"').length > 2) break;
  }
  child.kill("SIGKILL");
  await child.stderr.cancel();
  await child.status;
  const [{ name }] = Deno.readDirSync(join(there, "runs"));
  const resumed = await denas(["resume", name, "--wait"], { INIT_CWD: there });
  assertEquals(resumed.code, 0, resumed.stderr);
  const [a, b] = [found(here), found(there)];
  // The name of the folder of pictures differs.
  assertEquals({ ...b.arch, data: "" }, { ...a.arch, data: "" });
  assertEquals(b.trials, a.trials);
  assertEquals(b.weights, a.weights);

  const drawn = await denas(["plot", name, "--lineage", "--out", "lineage.svg"], {
    INIT_CWD: there,
  });
  assertEquals(drawn.code, 0, drawn.stderr);
  const svg = Deno.readTextFileSync(join(there, "lineage.svg"));
  assert(svg.includes("saved against as many trainings from scratch"), svg);
  const retrain = ["retrain", "arch.json", "--preset", "smoke", ...sizes];
  const trained = await denas(retrain, env);
  assertEquals(trained.code, 0, trained.stderr);
  assert(trained.stdout.includes("test accuracy"), trained.stdout);
  const last = [...Deno.readDirSync(join(here, "runs"))].map(({ name }) => name)
    .find((name) => name.includes("retrain"))!;
  assert(Deno.statSync(join(here, "runs", last, ONNX)).size > 0);
});

Deno.test("a pool is ranked by a table of one's own, whose rows are sampled, and drawn, and by a file as published", async () => {
  const here = Deno.makeTempDirSync({ prefix: "denas-" });
  const cells = [
    ["01/00:input,output", 0.8],
    ["0110/0011/0001/0000:input,conv3x3-bn-relu,maxpool3x3,output", 0.91],
    ["011/001/000:input,conv1x1-bn-relu,output", 0.9],
  ];
  const rows = cells.map(([text, accuracy]) => `"${text}",${accuracy}`);
  Deno.writeTextFileSync(join(here, "mine.csv"), ["arch,accuracy", ...rows].join("\n") + "\n");
  const made = await denas(
    ["modules", "--table", "mine.csv", "--num-modules", "2", "--samples", "3", "--draw", "m.svg"],
    { INIT_CWD: here },
  );
  assertEquals(made.code, 0, made.stderr);
  assert(
    made.stderr.includes("mine.csv has 3 of 423,624 cells: its rows are sampled"),
    made.stderr,
  );
  const { source, modules } = JSON.parse(Deno.readTextFileSync(join(here, "modules.json")));
  assertEquals(source, "table mine.csv, accuracy");
  assertEquals(modules.map(({ score }: { score: number }) => score).sort(), [0.9, 0.91]);
  assert(Deno.readTextFileSync(join(here, "m.svg")).includes("module 1"));

  const published = cells.map(([text]) => moduleOf(String(text)));
  await writeNb101File(
    join(here, "made.tfrecord"),
    {
      packed: Uint32Array.from(published, ({ dag }) => packDag(dag)),
      key: (i) => published[i].hash,
    },
    {
      count: 3,
      repeats: 2,
      evaluation: (cell, _, share) => evaluationOf(share * (0.9 - cell / 10)),
    },
  );
  const ranked = await denas(
    ["modules", "--table", "made.tfrecord", "--num-modules", "2", "--samples", "3"],
    { INIT_CWD: here },
  );
  assertEquals(ranked.code, 0, ranked.stderr);
  const pool = JSON.parse(Deno.readTextFileSync(join(here, "modules.json")));
  assertEquals(pool.source, "table made.tfrecord, test_108, one training at random");
  assertEquals(
    pool.modules.map(({ hash, score }: { hash: string; score: number }) => [hash, score]).sort(),
    [[published[0].hash, 0.9], [published[1].hash, 0.8]].sort(),
  );
});

const evaluationOf = (accuracy: number) => ({
  training_time: 1,
  train_accuracy: accuracy,
  validation_accuracy: accuracy,
  test_accuracy: accuracy,
});

Deno.test("bad input of a modular search is named, and nothing is overwritten", async () => {
  const here = Deno.makeTempDirSync({ prefix: "denas-" });
  const env = { INIT_CWD: here };
  const refused = async (args: string[], message: string) => {
    const { code, stderr } = await denas(args, env);
    assertEquals(code, 2, stderr);
    assert(stderr.includes(message), stderr);
  };
  await refused(["modules", "--num-modules", "20"], "10 samples hold 10 different cells");
  assertEquals([...Deno.readDirSync(here)].length, 0);
  const mode = ["search", "--mode", "modular"];
  await refused(
    [...mode, "--thresholds", '{"0":2,"1":3}', "--print-config", "--data", "none"],
    "1 donors lead to 3 epochs, fewer to 2",
  );
  Deno.writeTextFileSync(join(here, "mine.json"), '{"format":"denas-modules","version":2}');
  await refused(
    [...mode, "--set", 'space.modules=["01/00:input,input"]', "--print-config"],
    'vertex 1 is "input", expected output',
  );
  await refused(
    [...mode, "--modules", "mine.json"],
    "Cannot use --modules mine.json: version is 2, expected 1; make one with denas modules",
  );
  await refused(
    [...mode, "--modules", "missing.json"],
    "Cannot use --modules missing.json: there is no such file",
  );
});
