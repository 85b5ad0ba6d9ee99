/** `denas describe`: parameters, multiply-adds, layer shapes, memory. No device is opened. */
import type { Settings } from "../nas/definition.ts";
import { type Command, InvalidArgumentError } from "commander";
import { UsageError } from "../common/errors.ts";
import { classCount } from "../nas/arch_formats/arch_file.ts";
import { resolveSearchConfig } from "../nas/config/config.ts";
import type { DescribeOptions, Description, ReleasedCount } from "../nas/analysis/describe.ts";
import { finalConfig } from "../nas/config/final_config.ts";
import { limits } from "../nas/config/limits.ts";
import { addArchOptions, archArgument, type ArchOptions } from "./arch_options.ts";
import { sizeUpTo } from "./option_values.ts";
import type { ReadArch } from "./read_arch.ts";
import { bytes, print, table, thousands } from "./terminal.ts";
import { addDefinitionOptions, definitionOverrides } from "./definition_options.ts";

type ImageSize = [number, number, number];

interface DescribeCliOptions extends ArchOptions {
  mode?: string;
  supernet?: boolean;
  preset?: string;
  classes?: number;
  image?: ImageSize;
  batch?: number;
  memory?: boolean;
  json?: boolean;
}

export function addDescribe(program: Command): void {
  const command = program.command("describe")
    .argument("[arch]", archArgument, "arch.json")
    .description("Count parameters and multiply-adds, list layer shapes; needs no adapter.")
    .option("--supernet", "describe the shared weights of a search instead, with --mode")
    .option("--mode <space>", "space of the supernet: micro or macro")
    .option("--preset <name>", "sizes as in this preset (file: quick; text and supernet: paper)")
    .option("--classes <n>", "number of classes", sizeUpTo(limits.classes))
    .option("--image <size>", "32, or 28x28x1: height, width, channels", imageSize)
    .option("--memory", "add the bytes that a training step needs")
    .option("--batch <n>", "images per training step, for --memory", sizeUpTo(limits.batch))
    .option("--json", "print one JSON object");
  addDefinitionOptions(addArchOptions(command), "space").addHelpText(
    "after",
    `
Examples:
  $ denas describe                                        what "retrain" would train
  $ denas describe arch.json --preset paper --memory --batch 144
  $ denas describe "0  1 1  3 0 1  5 0 0 1" --filters 36    a macro network with four layers
  $ denas describe --mode macro --supernet --layers 12 --filters 36
  $ denas describe arch.json --json | jq .parameters`,
  ).action(async (what: string, options: DescribeCliOptions, command: Command) => {
    const [{ describe, releasedCount, unreadParameters }, { readArch }, { openSpace }] =
      await Promise.all([
        import("../nas/analysis/describe.ts"),
        import("./read_arch.ts"),
        import("../nas/registry.ts"),
      ]);
    const space = options.space ?? options.mode;
    let request: Omit<DescribeOptions<unknown>, "space"> & { settings: Settings };
    if (options.supernet) {
      if (command.args.length > 0) {
        throw new UsageError(
          `Cannot describe both a supernet and ${what}: expected --supernet or an architecture`,
        );
      }
      request = supernetRequest(options);
    } else {
      request = archRequest(readArch(what, { ...options, space }), options);
    }
    const { settings, ...rest } = request;
    const whole = { ...rest, space: openSpace(settings) };
    const [description, released] = [describe(whole), releasedCount(whole, settings)];
    const unread = unreadParameters(description);
    const size = whole.space.size?.();
    if (options.json) {
      const counts = {
        ...unread > 0 && { unread },
        ...released && { released },
        ...size && { architectures: size },
      };
      return print(JSON.stringify({ space: settings.kind, ...description, ...counts }));
    }
    printDescription(description, { unread, released, memory: options.memory ?? false });
    if (size) {
      const [all, distinct] = [size.log10, size.log10Distinct].map((n) => `10^${n.toFixed(2)}`);
      print(
        `in the space    ${all} architectures${all === distinct ? "" : `, ${distinct} different`}`,
      );
    }
  });
}

function supernetRequest(options: DescribeCliOptions) {
  const { mode, preset = "paper", image, classes = 10, batch } = options;
  if (mode === undefined) {
    throw new UsageError("Cannot describe a supernet: no --mode given, expected micro or macro");
  }
  const { space } = resolveSearchConfig({
    mode,
    preset,
    overrides: definitionOverrides(options, "space"),
  });
  const input: ImageSize = image ?? [32, 32, 3];
  return { settings: space, form: "search" as const, supernet: true, input, classes, batch };
}

function archRequest(
  { arch, foreign }: ReadArch,
  options: DescribeCliOptions,
) {
  const { image, classes, batch } = options;
  const preset = options.preset ?? (foreign ? "paper" : "quick");
  const { space, form, batch: trained } = finalConfig(arch, {
    preset,
    given: definitionOverrides(options, "space"),
  });
  return {
    settings: space,
    form,
    choice: arch.choice,
    input: image ?? arch.input,
    classes: classes ?? classCount(arch),
    batch: batch ?? trained,
  };
}

interface Shown {
  unread: number;
  released: ReleasedCount | null;
  memory: boolean;
}

function printDescription(
  description: Description,
  { unread, released, memory: withMemory }: Shown,
): void {
  const { parameters, auxParameters, macs, layers, memory } = description;
  if (layers) print(layerTable(layers) + "\n");
  print(`parameters      ${thousands(parameters)}`);
  if (unread > 0) print(`  not read      ${thousands(unread)} of them, in reductions`);
  if (released) {
    const what = released.unread > 0
      ? `, with ${thousands(released.unread)} in reductions that nothing reads`
      : "";
    print(`released code   ${thousands(released.parameters)}${what} (--legacy-fixed)`);
  }
  if (auxParameters > 0) {
    print(`auxiliary head  ${thousands(auxParameters)} more, in training only`);
  }
  if (macs !== null) print(`multiply-adds   ${thousands(macs)} per image`);
  if (!withMemory) return;
  const { weights, gradients, states, step, batch } = memory;
  print(`weights         ${bytes(weights)}`);
  print(`gradients       ${bytes(gradients)}`);
  print(`statistics      ${bytes(states)}`);
  if (step !== null) print(`training step   ${bytes(step)} with a batch of ${batch}`);
}

/** Table with one row per part of the network: output shape and share of the totals. */
function layerTable(layers: NonNullable<Description["layers"]>): string {
  const rows = new Map<string, { shape: string; parameters: number; macs: number }>();
  for (const { scope, shape, parameters, macs } of layers) {
    const part = scope.split("/")[0] || "–";
    const row = rows.get(part);
    rows.set(part, {
      shape: shape.slice(1).join("×"),
      parameters: (row?.parameters ?? 0) + parameters,
      macs: (row?.macs ?? 0) + macs,
    });
  }
  return table(
    ["layer", "output", "parameters", "multiply-adds"],
    [...rows].map(([part, { shape, parameters, macs }]) => [
      part,
      shape,
      thousands(parameters),
      thousands(macs),
    ]),
  );
}

function imageSize(text: string): ImageSize {
  const parts = text.split(/[x×]/);
  if (parts.length === 1 || parts.length === 3) {
    const [h, w, c] = parts.map((part, i) => sizeUpTo(i < 2 ? limits.side : limits.channels)(part));
    if (parts.length === 1) return [h, h, 3];
    return [h, w, c];
  }
  throw new InvalidArgumentError("a side like 32, or height x width x channels");
}
