/**
 * Assumptions about kinds of adapters. They size what no measurement decides, and order the variants of
 * kernels: the first is used until the tuner has measured. Everything else asks for a trait, never for the
 * kind of adapter.
 */

import { type AdapterReport, FLOAT16 } from "./open.ts";

/** Properties of an adapter that kernels and compiling are fitted to. */
export interface Traits {
  /** Pipelines are compiled at their first dispatch, in one thread per device, not when they are created. */
  lazyCompile: boolean;
  /**
   * A few CPU cores with short vectors, registers in the cache, and expensive barriers and dispatches: long loops,
   * large blocks and small work-groups win. Otherwise many small invocations, which hide latency.
   */
  fewLanes: boolean;
  /** Neighbouring invocations that read neighbouring elements take one memory access. */
  coalesces: boolean;
  /** Invocations that keep the device busy. */
  busyInvocations: number;
  /** Invocations that a reduction is spread over. */
  reduceInvocations: number;
  /** Work-group size of a reduction: full waves on cards. */
  reduceGroup: number;
  /** Rows that one invocation copies: many need one division, few hide latency. */
  copyRows: number;
  /** Elements of partial sums that wait for a deferred reduction: on a CPU they should stay in its cache. */
  partialSums: number;
  /** Elements of images in Winograd's domain at a time: on a CPU they should stay near its cores. */
  winogradElements: number;
  /** Kernels may compute in float16. */
  float16: boolean;
}

type Kind = Omit<Traits, "float16">;

const software: Kind = {
  lazyCompile: true,
  fewLanes: true,
  coalesces: false,
  busyInvocations: 1024,
  reduceInvocations: 256,
  reduceGroup: 8,
  copyRows: 16,
  partialSums: 2 ** 20,
  winogradElements: 2 ** 21,
};

const card: Kind = {
  lazyCompile: false,
  fewLanes: false,
  coalesces: true,
  busyInvocations: 32768,
  reduceInvocations: 32768,
  reduceGroup: 64,
  copyRows: 4,
  partialSums: 2 ** 23,
  winogradElements: 2 ** 24,
};

/** The traits of an adapter: those of software Vulkan for fallback adapters, those of a card for all others. */
export const traitsOf = ({ fallback, features }: AdapterReport): Traits => ({
  ...(fallback ? software : card),
  float16: features.includes(FLOAT16),
});
