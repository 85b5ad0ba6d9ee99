/** What the processes of a working directory agree on: losses, the total, and the state of their strategy. */
import { join } from "@std/path";
import type { Trial } from "../../nas/strategy.ts";
import { writeAtomic } from "../files.ts";
import { readJson } from "../folder.ts";
import type { WorkingDirectory } from "./directory.ts";

/** How scores are written as losses. */
export interface LossScale {
  lossOf(score: number): number;
  scoreOf(loss: number): number;
  /** Further figures of a result. */
  infoOf(score: number, about: { seconds: number; parameters: number }): Record<string, unknown>;
}

export interface SharedSearch extends LossScale {
  directory: WorkingDirectory;
  /** Configurations with a result or in evaluation at which the search ends. */
  total: number;
  /** Called once when only other processes have work left. */
  onWait?(): void;
}

/** What the directory keeps of the strategy. */
export interface Kept {
  version: 1;
  /** Configurations that the strategy was told. */
  told: number[];
  /** Trials that the strategy asked for, by configuration. Their ids are its own. */
  asked: Record<number, Omit<Trial<unknown>, "arch"> & { architecture: string }>;
  strategy: unknown;
}

const pathOf = ({ path }: WorkingDirectory): string => join(path, ".denas_state.json");

/** The state that the last proposal left; that of a new search where there is none. */
export const readKept = (directory: WorkingDirectory): Kept =>
  directory.hasFile(pathOf(directory))
    ? readJson(pathOf(directory)) as Kept
    : { version: 1, told: [], asked: {}, strategy: null };

export const writeKept = (directory: WorkingDirectory, kept: Kept): void =>
  writeAtomic(pathOf(directory), JSON.stringify(kept));
