/** `denas doctor`: the capabilities of this machine, and whether it computes correctly. */
import { type Command, Option } from "commander";
import { knownSets, locateDataSet } from "../data/mod.ts";
import { type AdapterReport, Gpu, type OpenOptions } from "../gpu/mod.ts";
import { selfTest } from "../gpu/self_test.ts";
import { DataError } from "../common/errors.ts";
import { type KeptTuning, readTuning, type TuningIdentity, tuningSummary } from "../run/tuning.ts";
import { commandName, fromHere, places } from "./paths.ts";
import { bytes, print } from "./terminal.ts";

interface DoctorOptions {
  adapter?: OpenOptions["adapter"];
  dataDir?: string;
  json?: boolean;
}

/** Device limits that bound the size of networks and batches. */
const byteLimits = [
  "maxBufferSize",
  "maxStorageBufferBindingSize",
  "maxComputeWorkgroupStorageSize",
];
const countLimits = [
  "maxStorageBuffersPerShaderStage",
  "maxComputeInvocationsPerWorkgroup",
  "maxComputeWorkgroupsPerDimension",
];

export function addDoctor(program: Command): void {
  program.command("doctor")
    .description("Show Deno, adapter, driver and data sets, and run a self-test kernel.")
    .addOption(
      new Option("--adapter <kind>", "which adapter to open")
        .choices(["high-performance", "low-power", "software"]),
    )
    .option("--data-dir <folder>", "look for data sets here first")
    .option("--json", "print one JSON object")
    .addHelpText("after", "\nExits with 3 and advice when there is no adapter.\n")
    .action(async (options: DoctorOptions) => {
      const data = await foundSets(options.dataDir);
      const { deno, v8, typescript } = Deno.version;
      const machine = { deno, v8, typescript, os: Deno.build.os, arch: Deno.build.arch };
      if (!options.json) printMachine(machine, data);
      // This comes last because it may fail; the earlier findings help to see why.
      const gpu = await Gpu.open({ adapter: options.adapter });
      const { adapter } = gpu;
      try {
        const { identityOf } = await import("./tuning.ts");
        const id = identityOf(gpu);
        const { driver } = id;
        if (!options.json) printAdapter(adapter, driver);
        const { tuning, problem } = findTuning(id);
        if (!options.json) print(`tuning      ${problem ?? tellTuning(tuning)}`);
        const started = performance.now();
        await selfTest(gpu);
        const milliseconds = Math.round(performance.now() - started);
        if (options.json) {
          print(
            JSON.stringify({
              ...machine,
              data,
              adapter,
              driver,
              tuning: tuning && { measured: tuning.measured, choices: tuning.choices },
              tuningProblem: problem,
              selfTest: { ok: true, milliseconds },
            }),
          );
        } else {
          print(`self-test   ok, ${milliseconds} ms`);
          print(`\nNext:\n  ${commandName()} search --mode micro`);
        }
      } finally {
        gpu.close();
      }
    });
}

/** This adapter's kernel tuning, or what is wrong with its file. */
function findTuning(id: TuningIdentity): { tuning: KeptTuning | null; problem?: string } {
  try {
    return { tuning: readTuning(places().cacheDir, id) };
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    return { tuning: null, problem: error.message };
  }
}

const tellTuning = (tuning: KeptTuning | null) =>
  tuning
    ? `${tuningSummary(tuning.choices)}, measured ${tuning.measured.slice(0, 10)}`
    : `none for this adapter, driver, Deno and denas: "${commandName()} tune" measures`;

function printMachine(
  machine: { deno: string; os: string; arch: string },
  data: Record<string, string | null>,
): void {
  print(`deno        ${machine.deno} on ${machine.os} ${machine.arch}`);
  for (const [name, place] of Object.entries(data)) {
    print(
      `data        ${name.padEnd(14)} ${place ?? "not on this machine, downloaded when needed"}`,
    );
  }
}

function printAdapter(adapter: AdapterReport, driver: string | null): void {
  const { description, vendor, fallback, features, limits } = adapter;
  print(`adapter     ${description}${fallback ? " (software: slow, but correct)" : ""}`);
  print(`vendor      ${vendor}`);
  print(`driver      ${driver ?? "version unknown"}`);
  for (const name of byteLimits) print(`limit       ${name.padEnd(34)} ${bytes(limits[name])}`);
  for (const name of countLimits) print(`limit       ${name.padEnd(34)} ${limits[name]}`);
  print(`features    ${features.join(", ")}`);
}

/** Folder of each published data set on this machine, or null. Downloads nothing. */
async function foundSets(dataDir?: string): Promise<Record<string, string | null>> {
  const options = {
    ...places(),
    dataDir: dataDir === undefined ? undefined : fromHere(dataDir),
  };
  const found: Record<string, string | null> = {};
  for (const name of Object.keys(knownSets)) {
    const set = await locateDataSet(name, options);
    found[name] = set === null ? null : set.kind === "idx" ? set.files[0] : set.path;
  }
  return found;
}
