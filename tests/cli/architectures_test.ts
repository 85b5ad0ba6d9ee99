import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { parseArchFile } from "../../src/nas/arch_formats/arch_file.ts";
import { releasedMacro, releasedMicro } from "../../src/nas/spaces/released.ts";
import { macroLog } from "../nas/forms/made_log.ts";
import { madeSearch } from "../run/made_search.ts";
import { denas } from "./command.ts";

/** Runs commands in one folder that holds these files. */
function inFolder(files: Record<string, string>) {
  const here = Deno.makeTempDirSync({ prefix: "denas-" });
  for (const [name, text] of Object.entries(files)) {
    const path = join(here, name);
    Deno.mkdirSync(join(path, ".."), { recursive: true });
    Deno.writeTextFileSync(path, text);
  }
  const run = (args: string[], env: Record<string, string> = {}) =>
    denas(args, { INIT_CWD: here, ...env });
  const ok = async (args: string[], env: Record<string, string> = {}) => {
    const { code, stdout, stderr } = await run(args, env);
    assertEquals(code, 0, stderr);
    return { stdout, stderr };
  };
  const fails = async (args: string[], code: number, words: string) => {
    const { code: got, stderr } = await run(args);
    assert(stderr.includes(words), stderr);
    assertEquals(got, code, stderr);
  };
  return { here, ok, fails };
}

const runEvents = madeSearch()
  .map((event, seq) => JSON.stringify({ seq, time: "2026-01-31T00:00:00Z", ...event }) + "\n")
  .join("");

Deno.test("convert goes from the scripts' text to NNabla's .npy, to arch.json and back", async () => {
  const text = releasedMacro.join(" ") + "\n";
  const { here, ok, fails } = inFolder({ "final.txt": text });
  const { stdout } = await ok(["convert", "final.txt", "macro.npy"]);
  assertEquals(stdout, "macro.npy: macro, nnabla numbering of operations\n");
  await fails(["convert", "macro.npy", "arch.json"], 2, "--arch-format nnabla");
  await ok(["convert", "macro.npy", "arch.json", "--arch-format", "nnabla"]);
  const arch = parseArchFile(Deno.readTextFileSync(join(here, "arch.json")), "arch.json");
  assertEquals([arch.settings.layers, arch.choice], [24, [...releasedMacro]]);
  assertEquals((await ok(["convert", "arch.json", "--to", "script"])).stdout, text);
  await fails(["convert", "arch.json", "arch.yaml"], 2, "the name tells no form");
  await fails(["convert", "arch.json"], 2, "no form given");
});

Deno.test("show draws into files and says which decision does not fit", async () => {
  const { here, ok, fails } = inFolder({ "cell.txt": releasedMicro.join(" ") });
  assertEquals((await ok(["show", "cell.txt", "--out", "cell.png"])).stdout, "cell.png\n");
  assert(Deno.statSync(join(here, "cell.png")).size > 10_000);
  await fails(["show", "0 1 1 9 0 1"], 2, "layer 2, operation: got 9, expected 0 … 5");
  await fails(["show", "[0]\n[1 1 1]"], 1, "row 2 has 3 numbers, expected 2");
  await fails(["show", "none.npy"], 2, "there is no such file");
  await fails(["show", "0 3 a 0 1 0"], 2, 'number 3 is "a", expected whole numbers');
  await fails(["show", "0 3 0 0 -1 0"], 2, 'number 5 is "-1"');
  await fails(["show", ""], 2, "the name is empty");
  await ok(["convert", "cell.txt", "cell.json"]);
  await fails(["show", "cell.json", "--space", "macro"], 2, "it is of the space micro");
});

Deno.test("retrain takes an architecture as text, with the preset's stem and all its layers", async () => {
  const { ok } = inFolder({});
  const { stdout } = await ok(["retrain", "0  3 1  5 0 1  1 0 0 1", "--print-config"]);
  const { space } = JSON.parse(stdout);
  assertEquals([space.layers, space.branches], [4, 6]);
  const coarse = await ok(["retrain", "0  3 1  5 0 1  1 0 0 1", "--print-config", "--stem", "4"]);
  assertEquals(JSON.parse(coarse.stdout).space.stem, 4);
  assert(space.stem === 2, `the quick preset halves images first, got ${space.stem}`);
});

Deno.test("a preset's settings for a space need no architecture", async () => {
  const { ok, fails } = inFolder({});
  const printed = ["--preset", "paper", "--print-config"];
  const { stdout } = await ok(["retrain", "--space", "macro", "--lr", "0.03", ...printed]);
  const { epochs, space, optimizer } = JSON.parse(stdout);
  assertEquals([epochs, space.layers, space.filters, optimizer.lrMax], [310, 24, 96, 0.03]);
  await fails(["retrain", "--space", "none", ...printed], 2, 'space "none"');
  await fails(["retrain", ...printed], 2, "there is no such file");
});

Deno.test("filters are added to those of the search, which other programs' forms do not say", async () => {
  const { here, ok, fails } = inFolder({ "cell.txt": releasedMicro.join(" ") });
  const more = ["--preset", "nnabla", "--additional-filters-on-retrain", "60", "--print-config"];
  const filters = async (...what: string[]) =>
    JSON.parse((await ok(["retrain", ...what, ...more])).stdout).space.filters;
  assertEquals(await filters(releasedMacro.join(" ")), 36 + 60);
  assertEquals(await filters("--recommended-arch", "cell.txt"), 20 + 60);
  const asSearched = await ok(["retrain", "cell.txt", "--form", "search", "--print-config"]);
  const quick = await ok(["search", "--mode", "micro", "--print-config"]);
  const sizes = ({ stdout }: { stdout: string }) => {
    const { layers, filters } = JSON.parse(stdout).space;
    return { layers, filters };
  };
  assertEquals(sizes(asSearched), sizes(quick));
  await fails(
    ["retrain", "a.json", "--recommended-arch", "b.json"],
    2,
    "expected one architecture",
  );
  await fails(["retrain", "0 3 1 5 0 1", "--layers", "5"], 2, "got 6 choices, expected 15");
  assertEquals(
    [...Deno.readDirSync(here)].map(({ name }) => name),
    ["cell.txt"],
    "no run was begun",
  );
});

Deno.test("plot and animate draw a run; a video comes where ffmpeg is", async () => {
  const { here, ok, fails } = inFolder({ "runs/a/events.ndjson": runEvents, "bin/none": "" });
  const env = { PATH: join(here, "bin") };
  assertEquals((await ok(["plot", "a", "--out", "a.png"], env)).stdout, "a.png\n");
  const plain = await ok(["animate", "a"], env);
  assert(plain.stderr.includes("no video, for ffmpeg was not found"), plain.stderr);
  const files = () =>
    [...Deno.readDirSync(join(here, "runs/a/animation"))].map((f) => f.name).sort();
  const frames = [1, 2, 3, 4, 5].map((n) => `frame_000${n}.png`);
  assertEquals(files(), ["animation.svg", ...frames]);
  // Only the call is tested here; the arguments were tried with ffmpeg itself.
  Deno.writeTextFileSync(
    join(here, "bin/ffmpeg"),
    '#!/bin/sh\nfor last; do :; done\necho "$@" > "$last"\n',
  );
  Deno.chmodSync(join(here, "bin/ffmpeg"), 0o755);
  await ok(["animate", "a", "--every", "3", "--fps", "5"], env);
  assertEquals(files(), ["animation.mp4", "animation.svg", ...frames.slice(0, 3)]);
  const args = Deno.readTextFileSync(join(here, "runs/a/animation/animation.mp4"));
  assert(/-framerate 5 .*frame_%04d\.png.*yuv420p/.test(args), args);
  await fails(["animate", "b"], 2, "expected a run's folder");
});

Deno.test("plot and animate draw a log of ENAS and a list of architectures", async () => {
  const { here, ok, fails } = inFolder({ "stdout": macroLog, "none.txt": "nothing\n" });
  const nothing = await ok(["extract", "stdout", "--out", "out", "--top", "1"]);
  assert(nothing.stderr.includes("wrote out/arc_string_output.txt"), nothing.stderr);
  assertEquals((await ok(["plot", "stdout"])).stdout, "stdout.svg\n");
  const list = "out/arc_string_output.txt";
  assertEquals((await ok(["plot", list, "--out", "b.svg"])).stdout, "b.svg\n");
  const moving = await ok(["animate", list, "--no-png"]);
  assertEquals(moving.stdout, "out/arc_string_output-animation/animation.svg  3 frames\n");
  const svg = Deno.readTextFileSync(join(here, "out/arc_string_output-animation/animation.svg"));
  assert(svg.includes("architecture 3 of 3"));
  const log = await ok(["animate", "stdout", "--no-png"]);
  assertEquals(log.stdout, "stdout-animation/animation.svg  2 frames\n");
  await fails(["plot", "none.txt"], 1, "line 1: it is no architecture");
  await fails(["animate", "none.txt"], 1, "line 1: it is no architecture");
});

Deno.test("describe says what the released code counts for CODEBRIM's network, and why", async () => {
  const { ok } = inFolder({});
  const arch = "0  5 0  3 1 1  4 0 0 1  4 0 0 0 0  5 1 0 0 0 0  2 0 0 0 0 0 0";
  const args = ["describe", arch, "--preset", "codebrim", "--classes", "6", "--image", "224"];
  const own = (await ok(args)).stdout;
  const said =
    "released code   2,718,144, with 99,840 in reductions that nothing reads (--legacy-fixed)";
  assert(own.includes(said), own);
  const legacy = (await ok([...args, "--legacy-fixed"])).stdout;
  assert(/parameters +2,718,144\n +not read +99,840 of them/.test(legacy), legacy);
  const { released, unread } = JSON.parse((await ok([...args, "--json"])).stdout);
  assertEquals([released, unread], [{ parameters: 2_718_144, unread: 99_840 }, undefined]);
});

Deno.test("extract ranks a log that is cut, says where, and prints commands that show takes", async () => {
  const cut = macroLog.slice(0, macroLog.lastIndexOf("0.6100") + 3);
  const { ok, fails } = inFolder({ "stdout.log": cut, "other.log": "nothing\n" });
  const { stdout, stderr } = await ok(["extract", "stdout.log", "--preset", "paper"]);
  const line = cut.split("\n").length;
  assertEquals(stderr, `warning: stdout.log: line ${line}: it is cut and was left out\n`);
  assert(stdout.includes("2 architectures, 1 epoch with accuracies"), stdout);
  assert(/best validation 55\.00 % .*in epoch 1, test then 54\.11 %/.test(stdout), stdout);
  assert(stdout.includes("  1  75.00 %  epoch 2  scored 2 times"), stdout);
  assert(stdout.includes('retrain "0 3 1 5 1 1" --space macro --preset paper'), stdout);
  const json = await ok(["extract", "stdout.log", "--json"]);
  const rows = json.stdout.trim().split("\n").map((row) => JSON.parse(row));
  assertEquals(rows.map(({ type }) => type), ["architecture", "architecture", "epoch", "best"]);
  assertEquals([rows[0].choice, rows[0].score, rows[3].test], [[0, 3, 1, 5, 1, 1], 0.75, 0.5411]);
  await ok(["show", rows[0].choice.join(" ")]);
  await fails(["extract", "other.log"], 1, "no architectures and no accuracies");
  await fails(["extract", "none.log"], 2, "there is no such file");
});
