/** Format of `bench/shapes.json`. */
import type { Shape } from "../src/autodiff/op.ts";

export const passes = ["forward", "input gradient", "weight gradient"] as const;
export type PassName = typeof passes[number];
export type PerPass = [number, number, number];

/** A kind of training step. */
export interface Group {
  preset: string;
  mode: string;
  command: "search" | "retrain";
}

export const nameOf = ({ preset, mode, command }: Group) => `${preset} ${mode} ${command}`;

export interface ListedShape {
  op: string;
  shapes: Shape[];
  params: Record<string, unknown>;
  /** Share of the kernel time in a group's steps, per pass, by group name. */
  share: Record<string, PerPass>;
}

export interface ShapeList {
  recorded: { adapter: string; deno: string };
  /** By group name: number of timed children, share of kernel time that is listed, and the rest by op. */
  groups: Record<string, { children: number; covered: number; rest: Record<string, number> }>;
  shapes: ListedShape[];
}

/** Number of an op's inputs, from the first on, with one row per image; the others are weights. */
export function batchInputs(op: string, inputs: number): number {
  if (op === "pointwise") return inputs / 2;
  if (op === "batch_norm_plus") return 2;
  return ["concat", "add", "mul", "drop_path"].includes(op) ? inputs : 1;
}

/** The shapes with another number of images. */
export const withBatch = (op: string, shapes: readonly Shape[], n: number): Shape[] =>
  shapes.map((s, i) => i < batchInputs(op, shapes.length) ? [n, ...s.slice(1)] : s);

export const readShapes = (): ShapeList =>
  JSON.parse(Deno.readTextFileSync(new URL("shapes.json", import.meta.url)));
