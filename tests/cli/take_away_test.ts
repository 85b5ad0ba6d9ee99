/** Uses of a run's network elsewhere: ONNX, safetensors, classified pictures, inherited weights. */
import { assert, assertEquals, assertSameNumbers } from "@std/assert";
import { join } from "@std/path";
import { encode as encodePng } from "fast-png";
import { imageOf } from "../../src/data/one_picture.ts";
import { PicturePool } from "../../src/data/picture_pool.ts";
import { Gpu } from "../../src/gpu/mod.ts";
import { Classifier } from "../../src/nas/train/classifier.ts";
import { openStrategy } from "../../src/nas/search/parts.ts";
import { openSpace } from "../../src/nas/registry.ts";
import { readLines } from "../../src/run/files.ts";
import { readNetwork } from "../../src/run/network.ts";
import { readSearch } from "../../src/run/read_run.ts";
import { decodeSafetensors, encodeSafetensors } from "../../src/run/safetensors.ts";
import { runTuningPath } from "../../src/run/tuning.ts";
import { flatPng, noise, writePictures } from "../data/make.ts";
import { Onnxruntime } from "../onnxruntime/mod.ts";
import { denas } from "./command.ts";

const here = Deno.makeTempDirSync({ prefix: "denas-" });
const env = { INIT_CWD: here, DENAS_COMMAND: "./denas" };
await writePictures(join(here, "photos"), { train: 16, valid: 4, test: 6 }, {
  size: [16, 16],
});
Deno.writeFileSync(join(here, "wide.png"), picture(37, 21));
Deno.writeFileSync(join(here, "red.png"), flatPng(20, 20, [250, 10, 10]));
Deno.writeTextFileSync(join(here, "note.png"), "no picture");

const smoke = [
  "--preset",
  "smoke",
  "--data",
  "photos",
  "--batch",
  "8",
  "--filters",
  "4",
  "--wait",
];
const searched = await denas([
  ...[
    "search",
    "--mode",
    "macro",
    "--epochs",
    "1",
    "--set",
    "rounds=1",
    "--set",
    "perRound=2",
  ],
  ...[
    "--set",
    "evaluator.rewardBatch=4",
    "--set",
    "selection.drawn=1",
    "--set",
    "selection.best=1",
  ],
  ...smoke,
], env);
assertEquals(searched.code, 0, searched.stderr);
const supernet = run("macro");
const trained = await denas(["retrain", "--epochs", "1", ...smoke], env);
assertEquals(trained.code, 0, trained.stderr);
const network = run("retrain");

function picture(w: number, h: number): Uint8Array {
  return encodePng({
    width: w,
    height: h,
    channels: 3,
    data: noise(3 * w * h, 4),
  });
}

/** Name of the newest run of a kind. */
function run(kind: string): string {
  const names = [...Deno.readDirSync(join(here, "runs"))].map(({ name }) => name);
  return names.filter((name) => name.includes(`-${kind}-`)).sort().at(-1)!;
}

Deno.test("a retraining leaves its network as ONNX and says what to do with it", () => {
  assert(
    trained.stdout.includes(`network in runs/${network}/model.onnx\n`),
    trained.stdout,
  );
  assert(
    trained.stdout.endsWith(
      `Next:\n  ./denas predict runs/${network} PICTURE.jpg\n`,
    ),
  );
});

Deno.test("export writes the same ONNX file and safetensors under names of layers", async () => {
  const done = await denas([
    "export",
    network,
    "--onnx",
    "a.onnx",
    "--safetensors",
    "a.st",
  ], env);
  assertEquals(done.code, 0, done.stderr);
  assert(
    /^a\.onnx {2}[\d.]+ KiB\na\.st {2}[\d.]+ KiB\n$/.test(done.stdout),
    done.stdout,
  );
  const left = Deno.readFileSync(join(here, "runs", network, "model.onnx"));
  assertSameNumbers(Deno.readFileSync(join(here, "a.onnx")), left);
  const { tensors, metadata } = decodeSafetensors(
    Deno.readFileSync(join(here, "a.st")),
    "a.st",
  );
  assertEquals(tensors["head.weight"].shape.at(-1), 2);
  assertEquals(JSON.parse(metadata.classes), ["ant", "bee"]);
});

Deno.test("the best weights are taken where they are asked for, and missed by name", async () => {
  assert(/^best validation {5}[\d.]+ % after epoch 1; its weights, /m.test(trained.stdout));
  const best = join(here, "runs", network, "weights_best.safetensors");
  const { tensors } = decodeSafetensors(Deno.readFileSync(best), best);
  const doubled = tensors["head/w"].data.map((w) => 2 * w);
  const other = { ...tensors, "head/w": { ...tensors["head/w"], data: doubled } };
  Deno.writeFileSync(best, encodeSafetensors(other));
  const exported = async (...flags: string[]) => {
    const done = await denas(["export", network, "--safetensors", "b.st", ...flags], env);
    assertEquals(done.code, 0, done.stderr);
    return decodeSafetensors(Deno.readFileSync(join(here, "b.st")), "b.st");
  };
  const chosen = await exported("--best"), last = await exported();
  assertEquals(chosen.tensors["head.weight"].data, doubled);
  assertEquals(last.tensors["head.weight"].data, tensors["head/w"].data);
  // One epoch: the best weights are the last, and so is their test accuracy.
  assertEquals(chosen.metadata.test_accuracy, last.metadata.test_accuracy);
  Deno.removeSync(best);
  const missed = await denas(["predict", network, "red.png", "--best"], env);
  assertEquals(missed.code, 2);
  assert(missed.stderr.includes("there is no weights_best.safetensors"), missed.stderr);
});

Deno.test("predict and the ONNX file agree on picture files; what is no picture is named", async () => {
  const files = ["wide.png", "note.png", "red.png", "absent.jpg"];
  const done = await denas(["predict", network, ...files, "--json"], env);
  assertEquals(done.code, 1);
  assert(
    /Cannot read picture note\.png: .*, expected PNG, JPEG, WebP, GIF or BMP\n/.test(
      done.stderr,
    ),
  );
  assert(
    done.stderr.includes(
      "Cannot read picture absent.jpg: there is no such file, expected",
    ),
  );
  const lines = done.stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
  assertEquals(lines.map(({ file }) => file), ["wide.png", "red.png"]);
  const model = Deno.readFileSync(join(here, "runs", network, "model.onnx"));
  const onnxruntime = new Onnxruntime();
  using pool = new PicturePool();
  for (const { file, labels, probabilities } of lines) {
    const picture = Deno.readFileSync(join(here, file));
    const data = await imageOf(picture, { input: [32, 32, 3] }, file, pool);
    const { probabilities: theirs } = await onnxruntime.run(model, {
      name: "image",
      dims: [1, 32, 32, 3],
      data,
    });
    assertEquals(labels, [probabilities[0].class]);
    for (const { class: name, probability } of probabilities) {
      const other = theirs.data[["ant", "bee"].indexOf(name)];
      assert(
        Math.abs(probability - other) < 1e-4,
        `${file} ${name}: ${probability}, ${other}`,
      );
    }
  }
  await onnxruntime.close();
  const plain = await denas([
    "predict",
    `runs/${network}`,
    "red.png",
    "--top",
    "1",
  ], env);
  assert(
    /^red\.png: (ant|bee) \(\1 \d+\.\d\d %\)\n$/.test(plain.stdout),
    plain.stdout,
  );
});

Deno.test("predict and sample use the forms of kernels of their run, and say where there are others here", async () => {
  const gpu = await Gpu.open();
  const { network: trainedNetwork, tensors } = readNetwork(join(here, "runs", network));
  const classifier = new Classifier(gpu, trainedNetwork, tensors);
  const { config } = readSearch(join(here, "runs", supernet));
  const controller = await openStrategy(config, openSpace(config.space), { gpu });
  const cases: [string, string[], () => void][] = [
    [network, ["predict", network, "red.png"], () => classifier.dryRun()],
    [supernet, ["sample", supernet, "--num", "1", "--out", "drawn"], () => controller.dryRun!(1)],
  ];
  for (const [name, args, record] of cases) {
    const [key] = [...gpu.questions(record).keys()];
    const path = runTuningPath(join(here, "runs", name));
    const text = Deno.readTextFileSync(path);
    const other = { [key]: { index: 0, among: "of another machine" } };
    Deno.writeTextFileSync(path, JSON.stringify({ choices: other, from: null }));
    const done = await denas(args, env);
    Deno.writeTextFileSync(path, "{");
    const damaged = await denas(args, env);
    Deno.writeTextFileSync(path, text);
    assertEquals(done.code, 0, done.stderr);
    assert(
      done.stderr.includes(`1 kernel has other forms here than where runs/${name}`),
      done.stderr,
    );
    assertEquals(damaged.code, 1, damaged.stderr);
    assert(damaged.stderr.includes(`Cannot use ${path}`), damaged.stderr);
    const usual = await denas(args, env);
    assertEquals([usual.code, usual.stderr], [0, ""]);
    assertEquals(usual.stdout, done.stdout);
  }
  gpu.close();
});

Deno.test("the winner trains on from the shared weights, and says how many", async () => {
  const args = [
    "retrain",
    "--form",
    "search",
    "--init-from",
    supernet,
    "--epochs",
    "1",
    "--json",
  ];
  const done = await denas([...args, ...smoke], env);
  assertEquals(done.code, 0, done.stderr);
  const warm = readLines<Record<string, unknown>>(
    join(here, "runs", run("retrain"), "events.ndjson"),
  ).find(({ type }) => type === "warmStart")!;
  assertEquals(warm.tensors, warm.ofTensors);
  assertEquals(warm.from, join(here, "runs", supernet));
  assert(
    /weights {2}of .*: \d+ of \d+ tensors, 100\.00 % of the parameters/.test(
      done.stderr,
    ),
  );
});

Deno.test("what cannot be exported, written or started from is bad usage or a clear error", async () => {
  const cases: [string[], number, RegExp][] = [
    [
      ["export", network],
      2,
      /no file was named, expected --onnx FILE or --safetensors FILE/,
    ],
    [
      ["export", supernet, "--onnx", "b.onnx"],
      2,
      /it is a search, .*, expected a retraining/,
    ],
    [["export", "nowhere", "--onnx", "b.onnx"], 2, /Cannot open run .*nowhere/],
    [
      ["export", network, "--onnx", "no/b.onnx"],
      1,
      /Cannot write .*no\/b\.onnx: there is no such/,
    ],
    [["export", network, "--onnx", "runs"], 1, /Cannot write .*runs: it is a folder/],
    [["retrain", "--init-from", "nowhere"], 2, /Cannot open run .*nowhere/],
  ];
  const done = await Promise.all(cases.map(([args]) => denas(args, env)));
  cases.forEach(([, code, message], i) => {
    assertEquals(done[i].code, code, done[i].stderr);
    assert(message.test(done[i].stderr), done[i].stderr);
  });
});
