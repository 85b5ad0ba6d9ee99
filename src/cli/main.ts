/**
 * Runs the command line. Exit codes: 0 done, 1 failed, 2 bad usage, 3 no adapter, 130 interrupted, 141 broken
 * pipe.
 */
import { type Command, CommanderError } from "commander";
import { AdapterError, UsageError } from "../common/errors.ts";
import { interruptedCode, surviveFileSizeLimit } from "../run/interrupt.ts";
import { clipped } from "../run/files.ts";
import { isAddress, loadPlugins } from "../run/plugins.ts";
import type { Servers } from "../run/serving.ts";
import { addAnimate } from "./animate.ts";
import { addCompare } from "./compare.ts";
import { addConvert } from "./convert.ts";
import { addCorrelate } from "./correlate.ts";
import { DenasCommand } from "./denas_command.ts";
import { addDescribe } from "./describe.ts";
import { addDoctor } from "./doctor.ts";
import { addExport } from "./export.ts";
import { addExtract } from "./extract.ts";
import { addHnas } from "./hnas.ts";
import { asHnasCommand } from "./hnas_options.ts";
import { fromHere } from "./paths.ts";
import { addModules } from "./modules.ts";
import { addPage } from "./page.ts";
import { addPlot } from "./plot.ts";
import { addPredict } from "./predict.ts";
import { addResume } from "./resume.ts";
import { addRetrain } from "./retrain.ts";
import { addRuns } from "./runs.ts";
import { addSample } from "./sample.ts";
import { addSearch } from "./search.ts";
import { addServe } from "./serve.ts";
import { addShow } from "./show.ts";
import { addSurrogate } from "./surrogate.ts";
import { addStudy } from "./study.ts";
import { addTable } from "./table.ts";
import { addTune } from "./tune.ts";
import { addWork } from "./work.ts";
import { addZeroCost } from "./zero_cost.ts";
import { brokenPipeCode, paint, printError, readerGone, write } from "./terminal.ts";

const version = "0.1.0";

export async function main(args: readonly string[], servers: Servers): Promise<number> {
  surviveFileSizeLimit();
  let code = 0;
  try {
    // Help and options include those of plug-ins.
    await loadPlugins(pluginsIn(args).map((file) => isAddress(file) ? file : fromHere(file)));
    const program = makeProgram((result) => code = result, servers);
    await program.parseAsync(asHnasCommand(args), { from: "user" });
    return readerGone() && (code === 0 || code === interruptedCode) ? brokenPipeCode : code;
  } catch (error) {
    return report(error);
  }
}

/** Files given by `--plugin`, which every command takes. */
function pluginsIn(args: readonly string[]): string[] {
  return args.flatMap((arg, i) => {
    if (arg.startsWith("--plugin=")) return [arg.slice("--plugin=".length)];
    return arg === "--plugin" && i + 1 < args.length ? [args[i + 1]] : [];
  });
}

/**
 * Makes the program with all commands. `finish` takes the exit code of the command that ran; `servers` has what
 * "serve" and "page" need, since the command line itself does not import the HTTP server.
 */
function makeProgram(finish: (code: number) => void, servers: Servers): Command {
  const program = new DenasCommand("denas")
    .description("Neural architecture search on any GPU that WebGPU reaches.")
    .version(version, "-V, --version", "print the version")
    .helpOption("-h, --help", "explain the command")
    .helpCommand("help [command]", "explain a command")
    .configureOutput({
      writeOut: (text) => write("stdout", text),
      writeErr: (text) => write("stderr", text),
    })
    .exitOverride()
    .addHelpText(
      "after",
      `
Two commands make a network:
  $ denas search --mode micro      find an architecture; it is written to arch.json
  $ denas retrain arch.json        train it from scratch and test it

Exit codes: 0 done, 1 failed, 2 bad usage, 3 no adapter, 130 interrupted with a checkpoint written,
141 the same because nobody reads any more.`,
    );
  for (
    const add of [
      addSearch,
      addRetrain,
      addResume,
      addDescribe,
      addShow,
      addConvert,
      addPlot,
      addAnimate,
      addExtract,
      addExport,
      addSample,
      addModules,
      addCompare,
      addCorrelate,
      addPredict,
      addTable,
      addSurrogate,
      addZeroCost,
      addStudy,
      addHnas,
      addRuns,
      addWork,
      addTune,
      addDoctor,
    ]
  ) add(program, finish);
  addServe(program, servers.openServer);
  addPage(program, servers.writePage);
  return program;
}

/** Message of an error. System errors have a code and are shown without a stack too. */
function sentence({ message, name, stack, code }: Error & { code?: string }): string {
  const short = (message ?? "").replace(/\S{301,}/g, clipped);
  // JavaScript's own "Cannot read properties of undefined" is a fault of some code: it needs the stack.
  if (/^Cannot /.test(short) && name !== "TypeError") return short;
  if (/^E[A-Z]+$/.test(code ?? "")) return `Cannot go on: ${short}`;
  return stack ?? `${name}: ${message}`;
}

/** Prints an error in one sentence; with the stack only when it is unexpected. Returns the exit code. */
function report(error: unknown): number {
  if (error instanceof CommanderError) {
    // Commander has printed the help. Asking for it is no error; a missing command is.
    return error.exitCode === 0 ? 0 : 2;
  }
  printError(`${paint("red", "denas:")} ${sentence(error as Error)}`);
  if (error instanceof UsageError) return 2;
  return error instanceof AdapterError ? 3 : 1;
}
