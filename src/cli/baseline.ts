/** `denas retrain --baseline`: trains a hand-made network of about the same size in place of a found one. */
import { type ArchFile, formatArchFile } from "../nas/arch_formats/arch_file.ts";
import { baselineChoice, filtersFor, parametersOf } from "../nas/analysis/baseline.ts";
import type { RetrainConfig } from "../nas/config/config.ts";
import { printError, thousands } from "./terminal.ts";

/** An architecture to train, with the settings it is trained with. */
export interface Training {
  arch: ArchFile;
  text: string;
  config: RetrainConfig;
}

/**
 * The hand-made network in the space and sizes of `like`, with the number of filters that brings it closest
 * to the same number of parameters.
 * @param keepFilters keeps the user's number of filters.
 */
export function baselineLike(like: Training, keepFilters: boolean): Training {
  const { config } = like;
  const { score: _, scoreKind: __, run: ___, ...fields } = like.arch;
  const choice = baselineChoice(config.space);
  const arch: ArchFile = { ...fields, choice, strategy: "baseline" };
  const wanted = parametersOf(like.arch, config);
  const withFilters = (filters: number): RetrainConfig => ({
    ...config,
    space: { ...config.space, filters },
  });
  const chosen = keepFilters ? config : withFilters(filtersFor(wanted, arch, withFilters));
  printError(
    `baseline ${chosen.space.filters} filters: ${
      thousands(parametersOf(arch, chosen))
    } parameters, ` +
      `${thousands(wanted)} in the network that it stands beside`,
  );
  return { arch, text: formatArchFile(arch), config: chosen };
}

/** The hand-made network of a given size, without images and classes: those are the data's. */
export function baselineAlone(space: RetrainConfig["space"]): ArchFile {
  const { kind, ...settings } = space;
  return {
    format: "denas-arch",
    version: 2,
    space: kind,
    input: [32, 32, 3],
    classes: 10,
    choice: baselineChoice(space),
    settings,
    strategy: "baseline",
  };
}
