/** Commands that show how reliable results are, from searching over seeds to comparing. */
import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { isArchFile } from "../../src/nas/arch_formats/arch_file.ts";
import { readForm } from "../../src/nas/arch_formats/mod.ts";
import { readRun } from "../../src/run/read_run.ts";
import { decodeSafetensors, encodeSafetensors } from "../../src/run/safetensors.ts";
import { writePictures } from "../data/make.ts";
import { denas } from "./command.ts";

const small = ["--preset", "smoke", "--data", "photos", "--batch", "8", "--wait"];
const search = [
  ...["search", "--mode", "macro", ...small, "--strategy", "enas-nnabla", "--max-search-iter", "2"],
  ...["--num-candidate", "2", "--epoch-per-search", "2", "--val-iter", "2"],
  ...[
    "--set",
    "evaluator.rewardBatch=2",
    "--set",
    "selection.drawn=2",
    "--set",
    "selection.images=8",
  ],
];

async function newFolder(): Promise<Record<string, string>> {
  const here = Deno.makeTempDirSync({ prefix: "denas-" });
  const parts = { train: 12, valid: 4, test: 6 };
  await writePictures(join(here, "photos"), parts, { size: [16, 16] });
  return { INIT_CWD: here };
}

const names = (folder: string) => [...Deno.readDirSync(folder)].map(({ name }) => name).sort();

const series = (file: string) =>
  Deno.readTextFileSync(file).trimEnd().split("\n").map((line) => line.split(" ").map(Number));

Deno.test("a search over seeds, samples of its controller, retraining, a baseline, and the comparison", async () => {
  const env = await newFolder();
  const here = env.INIT_CWD;
  const saved = ["--monitor-path", "curves", "--monitor-save-path", "found"];
  const searched = await denas([...search, "--seeds", "1,2", ...saved], env);
  assertEquals(searched.code, 0, searched.stderr);
  assert(/^enas-nnabla +macro +1 2 /m.test(searched.stdout), searched.stdout);
  assert(searched.stdout.includes("no network's own accuracy"), searched.stdout);
  for (const seed of [1, 2]) {
    assert(isArchFile(Deno.readTextFileSync(join(here, `arch-seed${seed}.json`))));
  }
  const curves = names(join(here, "curves", "seed2"));
  assertEquals(
    curves,
    ["accuracy", "loss", "accuracy"].map((name, i) =>
      `${i < 2 ? "Training" : "Validation"}-${name}.series.txt`
    ),
  );
  assertEquals(series(join(here, "curves", "seed2", curves[2])).map(([epoch]) => epoch), [1, 2]);
  const [first] = names(join(here, "runs"));
  const { start, done } = readRun(join(here, "runs", first));
  assertEquals([start?.stepsPerEpoch, done?.trainedImages], [2 * 3, 2 * 2 * 24]);

  const sampled = await denas(["sample", "--num", "2", "--format", "npy", "--out", "drawn"], env);
  assertEquals(sampled.code, 0, sampled.stderr);
  assertEquals(names(join(here, "drawn")), [
    "sampled_macro_arch_0.npy",
    "sampled_macro_arch_1.npy",
  ]);
  const bytes = Deno.readFileSync(join(here, "drawn", "sampled_macro_arch_1.npy"));
  assertEquals(readForm(bytes, "x.npy", { numbering: "nnabla" }).arch.choice.length, 6);

  const train = ["retrain", "--recommended-arch", "arch-seed1.json", ...small];
  const copies = ["--monitor-save-path", "models", "--model-save-interval", "2"];
  const trained = await denas([...train, ...copies, "--monitor-path", "trained"], env);
  assertEquals(trained.code, 0, trained.stderr);
  assertEquals(
    names(join(here, "models")).filter((name) => name.startsWith("params")),
    [0, 2, 3].map((step) => `params_00000${step}.safetensors`),
  );
  assert(names(join(here, "trained")).includes("Training-loss.series.txt"));
  await samplesOfFiles(env, first);
  const params = join("models", "params_000002.safetensors");
  const further = await denas(
    [...train, "--init-from", params, "--runs", "further", "--json"],
    env,
  );
  assertEquals(further.code, 0, further.stderr);
  const events = further.stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
  const warm = events.find(({ type }) => type === "warmStart");
  assertEquals([warm.from, warm.tensors], [join(here, params), warm.ofTensors]);
  const byHand = await denas([...train, "--baseline"], env);
  assertEquals(byHand.code, 0, byHand.stderr);
  assert(/baseline \d+ filters: [\d,]+ parameters, [\d,]+ in the network/.test(byHand.stderr));

  const compared = await denas(["compare"], env);
  assertEquals(compared.code, 0, compared.stderr);
  assert(compared.stdout.includes("too few seeds to tell (1 and 1"), compared.stdout);
  assert(compared.stdout.includes("Was searching worth it?"), compared.stdout);
  const json = await denas(["compare", "--json"], env);
  const { groups } = JSON.parse(json.stdout);
  assertEquals(
    groups.map((g: { strategy: string }) => g.strategy),
    ["enas-nnabla", "enas-nnabla", "baseline"],
  );
});

/** The controller of the search with seed 1, as a file alone, gives what its run does. */
async function samplesOfFiles(env: Record<string, string>, run: string): Promise<void> {
  const here = env.INIT_CWD;
  /** Choices of the files that a command wrote. */
  const draw = async (...args: string[]) => {
    const done = await denas(args, env);
    assertEquals(done.code, 0, done.stderr);
    const files = done.stdout.trimEnd().split("\n");
    const bytes = files.map((file) => Deno.readFileSync(join(here, file)));
    const arch = (i: number) =>
      readForm(bytes[i], files[i], { numbering: numberings(files[i]) }).arch;
    return { files, choices: bytes.map((_, i) => arch(i).choice), text: bytes[0] };
  };
  const numberings = (file: string) => file.endsWith(".npy") ? "nnabla" : "original";
  const file = join("found", "seed1", "controller.safetensors");
  const ofRun = await draw("sample", run, "--num", "3", "--out", "a");
  const ofFile = await draw("sample", file, "--num", "3", "--out", "b");
  assertEquals(ofFile.choices, ofRun.choices);
  // All but the name of the run.
  const { run: name, ...recorded } = JSON.parse(new TextDecoder().decode(ofRun.text));
  assertEquals([name, recorded], [run, JSON.parse(new TextDecoder().decode(ofFile.text))]);

  const hot = ["--set", "strategy.controller.temperature=50"];
  const sampling = ["search", "--mode", "macro", "--sampling-only", "True", "--num-sampling", "3"];
  const folder = join("found", "seed1");
  const searched = await draw(...sampling, "--model-save-path", folder, "--out", "c", ...hot);
  assert(searched.files.every((name) => name.startsWith("c/")), `${searched.files}`);
  const hotRun = await draw("sample", run, "--num", "3", "--out", "d", ...hot);
  assertEquals(searched.choices, hotRun.choices);
  const newest = await draw(...sampling, "--preset", "smoke", "--seed", "1", "--format", "npy");
  assertEquals(newest.files[0], "sampled_macro_arch_0.npy");
  const none = await denas([...sampling, "--preset", "paper"], env);
  assert(none.stderr.includes("no search in space macro with preset paper in runs"), none.stderr);

  // A file of an earlier version tells nothing.
  const { tensors } = decodeSafetensors(Deno.readFileSync(join(here, file)), file);
  Deno.writeFileSync(join(here, "bare.safetensors"), encodeSafetensors(tensors));
  const bare = ["sample", "bare.safetensors", "--num", "3", "--out", "e", "--seed", "1"];
  const silent = await denas(bare, env);
  assertEquals(silent.code, 2);
  assert(/does not tell the settings .* expected --mode and --preset/.test(silent.stderr));
  const told = [...bare, "--mode", "macro", "--preset", "smoke", "--set", "strategy=enas-nnabla"];
  const json = await denas(told, env);
  assert(json.stderr.includes("take --format npy or txt"), json.stderr);
  assertEquals((await draw(...told, "--format", "npy")).choices, ofRun.choices);
  const wide = await denas([...told, "--format", "txt", "--set", "space.layers=4"], env);
  assertEquals([wide.code, wide.stderr], [0, ""], "a controller of the macro space fits any depth");
}

Deno.test("options that contradict each other, and runs that have nothing to sample, are refused", async () => {
  const env = await newFolder();
  const both = await denas([...search, "--epochs", "3"], env);
  assertEquals(both.code, 2);
  assert(/option --max-search-iter: --epochs was given as well/.test(both.stderr), both.stderr);
  const twice = await denas([...search, "--seeds", "1,2,1"], env);
  assertEquals(twice.code, 2);
  assert(twice.stderr.includes("expected each seed once"), twice.stderr);
  const over = await denas([...search, "--early-stop-over", "80"], env);
  assertEquals(over.code, 2);
  assert(over.stderr.includes("earlyStopOver is 80"), over.stderr);
  const file = await denas(["sample", "--out", "a.npy"], env);
  assert(file.stderr.includes("it is the name of a file, expected a folder"), file.stderr);
  const absent = await denas(["sample", "no.safetensors"], env);
  assert(absent.stderr.includes("no.safetensors: there is no such file"), absent.stderr);
  const none = await denas(["sample"], env);
  assertEquals(none.code, 2);
  assert(none.stderr.includes("no search in runs has left a controller"), none.stderr);
  const other = await denas(["search", "--mode", "micro", "--sampling-only"], env);
  assert(other.stderr.includes("no search in space micro in runs has left"), other.stderr);
  const nothing = await denas(["compare"], env);
  assertEquals(nothing.code, 2);
  assert(nothing.stderr.includes("no run in runs is done"), nothing.stderr);
});
