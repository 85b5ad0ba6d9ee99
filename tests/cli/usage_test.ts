import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { nnablaNames } from "../../src/cli/nnabla_names.ts";
import { writePictures } from "../data/make.ts";
import { denas } from "./command.ts";

Deno.test("wrong words on the command line exit with 2 and say what was meant", async () => {
  const cases: [string[], string][] = [
    [["serch"], "did you mean search?"],
    [["search", "--mdoe", "micro"], "did you mean --mode?"],
    [["search", "extra"], "got 1 argument (extra), expected none"],
    [["search"], "expected --mode micro or --mode macro"],
    [["search", "--mode", "mikro"], 'mode "mikro"'],
    [["search", "--mode", "micro", "--preset", "huge"], 'preset "huge"'],
    [
      ["search", "--mode", "micro", "--epochs", "1.5"],
      'Cannot use option --epochs: got "1.5", expected a whole number',
    ],
    [["search", "--mode", "micro", "--epochs", "0"], "epochs is 0"],
    [["search", "--mode", "micro", "--blocks", "99"], "expected at most 14: more blocks"],
    [["search", "--mode", "macro", "--layers", "100000"], "is 100000, expected at most 64"],
    [["describe", "--supernet", "--mode", "macro", "--layers", "100000"], "expected at most 64"],
    [["describe", "--image", "9999999"], "expected at most 4,096: larger pictures"],
    [["describe", "--classes", "1000000000000"], "expected at most 100,000"],
    [["sample", "--num", "99999999"], "expected at most 10,000"],
    [["study", "main_experiments", "--queries", "9999999999"], "expected at most 100,000"],
    [["search", "--mode", "micro", "--strategy", "luck"], 'strategy is "luck"'],
    [["search", "--mode", "micro", "--budget", "soon"], "90s, 30m or 2h"],
    [["search", "--mode", "micro", "--set", "child.layer=3"], "child.layers"],
    [["search", "--mode", "micro", "--set", "nothing"], "expected name=value"],
    [["search", "--config", "none.json"], "none.json"],
    [["retrain", "none.json"], "there is no such file"],
    [["resume"], "no interrupted run"],
    [["resume", "none"], "there is no state.json"],
    [["show", "1 2 3 4"], "--space"],
    [["search", "--mode", "micro", "--stem", "3"], "child.stem is 3"],
    [["search", "--mode", "micro", "--data", "./none"], "there is no such folder"],
    [["search", "--mode", "micro", "--out", "none/arch.json"], "there is no folder"],
    [["search", "--mode", "micro", "--adapter", "fast"], 'adapter is "fast", expected one of'],
    [["search", "--mode", "micro", "--set", "child.branches=2"], "is 2, expected at least 4"],
    [["search", "--mode", "micro", "--set", "child=3"], "child is 3, expected an object"],
    [["search", "--mode"], "its value is missing, expected --mode <space>"],
    [["tune", "--seconds", "0"], 'got "0", expected a number above 0'],
    [["tune", "--sconds", "9"], "tune has none of this name; did you mean --seconds?"],
    [["tune", "--mode", "mikro"], 'mode "mikro"'],
    [["retrain", "a.json", "b.json"], "got 2 arguments (a.json, b.json), expected at most 1"],
    [["predict"], "Cannot run predict: its argument <run> is missing"],
    [["study"], "Cannot run study: its argument <name> is missing"],
    [["bench"], 'Cannot run "bench": denas has no such command'],
    [["search", "--tune", "--no-tuning"], "--no-tuning was given as well, expected one of them"],
    [["serve", "--port", "99999"], 'got "99999", expected a port up to 65535'],
    [["search", "--mode", "micro", "--out", "."], "it is a folder, expected the name of a file"],
    [
      ["search", "--mode", "macro", "--lstm-size", "64"],
      "for that of nnabla-examples use --set controller.hidden=…",
    ],
    [["retrain", "-b", "64"], "for that of nnabla-examples use --batch"],
    [["search", "--mode", "macro", "-c", "tpu"], 'option --context: got "tpu", expected cpu or'],
    [["retrain", "-c", "cpu", "--adapter", "low-power"], "--adapter was given as well"],
    [["retrain", "--device-id", "1"], "--adapter high-performance or low-power chooses"],
    [["retrain", "-t", "half"], 'option --type-config: got "half", expected float'],
    [["search", "--mode", "macro", "--sampling-only", "maybe"], "expected True or False"],
    [
      ["retrain", "--model-save-path", "a", "--monitor-save-path", "b"],
      "--model-save-path was given as well",
    ],
    [
      ["search", "--mode", "macro", "--init-from", "none.safetensors"],
      "there is no such file, expected a run or",
    ],
    [["doctor", "--adapter", "fast"], "high-performance, low-power, software"],
  ];
  const results = await Promise.all(cases.map(([args]) => denas(args)));
  results.forEach(({ code, stderr, stdout, here }, i) => {
    const [args, message] = cases[i];
    assertEquals(code, 2, `${args.join(" ")}: ${stderr}`);
    assert(stderr.includes(message), `${args.join(" ")}: ${stderr}`);
    assert(/^denas: Cannot .*[^\n]\n$/.test(stderr), `in one line: ${stderr}`);
    assert(!stderr.includes("    at "), `no stack: ${stderr}`);
    assertEquals(stdout, "");
    assertEquals([...Deno.readDirSync(here)], [], "nothing is left behind");
  });
});

Deno.test("help is no error and has examples in every command", async () => {
  const top = await denas(["--help"]);
  assertEquals([top.code, top.stderr], [0, ""]);
  const names = ["search", "retrain", "resume", "describe", "show", "export", "predict", "runs"];
  const pages = await Promise.all(names.map((name) => denas([name, "--help"])));
  pages.forEach(({ code, stdout }, i) => {
    assertEquals(code, 0);
    assert(stdout.includes("Examples:"), names[i]);
    assert(top.stdout.includes(names[i]), names[i]);
  });
  assertEquals((await denas([])).code, 2);
});

Deno.test("printed settings can be taken back, and options override them", async () => {
  const printed = await denas(["search", "--mode", "macro", "--preset", "smoke", "--print-config"]);
  assertEquals([printed.code, printed.stderr], [0, ""]);
  Deno.writeTextFileSync(join(printed.here, "my.json"), printed.stdout);
  const env = { INIT_CWD: printed.here };
  const again = await denas(["search", "--config", "my.json", "--print-config"], env);
  assertEquals(again.stdout, printed.stdout);
  const args = ["--seed", "9", "--lr", "0.5", "--set", "child.keep=0.75"];
  const changed = await denas(["search", "--config", "my.json", ...args, "--print-config"], env);
  const config = JSON.parse(changed.stdout);
  assertEquals([config.seed, config.optimizer.lrMax, config.child.keep], [9, 0.5, 0.75]);
  assertEquals(config.mode, "macro");
});

Deno.test("NNabla's words for a device are adapters of WebGPU; a flag that is False does nothing", async () => {
  const adapter = async (...args: string[]) => {
    const given = ["--mode", "macro", "--sampling-only", "False", ...args];
    const done = await denas(["search", ...given, "--print-config"]);
    assertEquals(done.code, 0, done.stderr);
    return JSON.parse(done.stdout).adapter;
  };
  assertEquals(await adapter("-c", "cpu", "-d", "0", "-t", "float"), "software");
  assertEquals(await adapter("--context", "cudnn:float"), "default");
  assertEquals(await adapter(), "default");
});

Deno.test("the page on nnabla-examples has every option of its scripts, and what stands for it", async () => {
  const page = await Deno.readTextFile(new URL("../../docs/compare.md", import.meta.url));
  const rows = new Map<string, string>();
  for (const [, names, here] of page.matchAll(/^\| (`-.*?) *\| (.*?) *\|$/gm)) {
    for (const [, name] of names.matchAll(/`(-[^ `]+)/g)) rows.set(name, here.replaceAll("`", ""));
  }
  const { stdout } = await denas(["search", "--help"]);
  const same = (await denas(["retrain", "--help"])).stdout + stdout;
  for (const [name, here] of Object.entries(nnablaNames)) {
    assertEquals(rows.get(name), here, name);
    assert(!new RegExp(`^ +(-. )?${name}\\b`, "m").test(same), `${name} is no option of ours`);
  }
  for (const name of sameNames) {
    assert(rows.has(`--${name}`), `--${name} has a row`);
    assert(same.includes(`--${name} `), `--${name} is an option`);
  }
});

/** Options of nnabla-examples that have their names here. */
const sameNames = [
  ...["context", "device-id", "type-config", "recommended-arch", "max-search-iter"],
  ...["num-candidate", "early-stop-over", "select-strategy", "sampling-only", "num-sampling"],
  ...["epoch-per-search", "additional-filters-on-retrain", "epoch-on-retrain", "val-iter"],
  ...["monitor-path", "monitor-save-path", "model-save-interval", "model-save-path"],
];

Deno.test("an architecture that does not fit its space is refused before a run begins", async () => {
  const arch = {
    ...{ format: "denas-arch", version: 1, space: "macro", input: [28, 28, 1], classes: 10 },
    ...{ choice: [0, 1, 1, 2, 0, 1], stem: 1, layers: 3, filters: 8 },
  };
  const cases: [Record<string, unknown>, string][] = [
    [{ choice: [0, 1, 1, 9, 0, 1] }, "layer 2, operation: got 9, expected 0 … 3"],
    [{ choice: [0, 1, 1] }, "got 3 choices, expected 6"],
    [{ space: "nano" }, 'space is "nano", expected one of'],
  ];
  for (const [change, message] of cases) {
    const here = Deno.makeTempDirSync();
    Deno.writeTextFileSync(join(here, "bad.json"), JSON.stringify({ ...arch, ...change }));
    const { code, stderr } = await denas(["retrain", "bad.json"], { INIT_CWD: here });
    assertEquals(code, 2, stderr);
    assert(
      stderr.includes("Cannot use architecture bad.json: ") && stderr.includes(message),
      stderr,
    );
    assertEquals([...Deno.readDirSync(here)].length, 1, "no run was begun");
  }
});

Deno.test("one picture of each class leaves none for validation: what to add is said before a run begins", async () => {
  const here = Deno.makeTempDirSync();
  const parts = { train: 1, valid: 1, test: 1 };
  await writePictures(join(here, "photos"), parts, { size: [16, 16] });
  Deno.removeSync(join(here, "photos", "valid"), { recursive: true });
  const args = ["search", "--mode", "macro", "--preset", "smoke", "--data", "photos"];
  const { code, stderr } = await denas(args, { INIT_CWD: here });
  assertEquals(code, 2, stderr);
  assert(
    /of 2 images .* expected at least 10; add pictures, or a folder valid/.test(stderr),
    stderr,
  );
  assertEquals([...Deno.readDirSync(here)].length, 1, "no run was begun");
});

Deno.test("settings that are damaged are named", async () => {
  const here = Deno.makeTempDirSync();
  Deno.writeTextFileSync(join(here, "broken.json"), "{");
  Deno.writeTextFileSync(join(here, "wrong.json"), '{"version": 2}');
  const env = { INIT_CWD: here };
  const broken = await denas(["search", "--config", "broken.json"], env);
  assertEquals(broken.code, 1);
  assert(broken.stderr.includes("broken.json"), broken.stderr);
  Deno.writeTextFileSync(join(here, "other.json"), '{"a": 1}');
  const other = await denas(["search", "--config", "other.json", "--mode", "micro"], env);
  assertEquals(other.code, 1);
  assert(other.stderr.includes("other.json: they have no version"), other.stderr);
  const wrong = await denas(["search", "--config", "wrong.json"], env);
  assertEquals(wrong.code, 2);
  assert(wrong.stderr.includes("Cannot use the search settings"), wrong.stderr);
});

Deno.test("without an adapter the doctor still tells what it found, and exits with 3", async () => {
  // OpenGL would be taken in Vulkan's place.
  const env = { VK_DRIVER_FILES: "/nonexistent.json", DENO_WEBGPU_BACKEND: "vulkan" };
  const { code, stdout, stderr } = await denas(["doctor"], env);
  assertEquals(code, 3);
  assert(stdout.includes(`deno        ${Deno.version.deno}`), stdout);
  assert(stderr.includes("no WebGPU adapter"), stderr);
});

Deno.test("the doctor runs its self-test and prints what there is as JSON", async () => {
  const { code, stdout } = await denas(["doctor", "--json"]);
  assertEquals(code, 0);
  const report = JSON.parse(stdout);
  assertEquals([report.deno, report.selfTest.ok], [Deno.version.deno, true]);
  assert(report.adapter.description.length > 0);
  assert(report.adapter.limits.maxBufferSize > 0);
});
