/** The controller of each space that has one. */
import type { WeightStore } from "../../nn/weights.ts";
import type { ChildConfig } from "../space.ts";
import { rangeUnits } from "../spaces/macro_range_arch.ts";
import { macroController, macroRangeController } from "./macro.ts";
import { microController } from "./micro.ts";
import type { ControllerConfig, ControllerNetwork } from "./network.ts";

type Make = (
  store: WeightStore,
  config: ControllerConfig,
  child: ChildConfig,
) => ControllerNetwork;

export const controllers: Readonly<Record<string, Make>> = {
  micro: microController,
  macro: macroController,
  "macro-range": (store, config, child) =>
    macroRangeController(store, config, child, rangeUnits(child)),
};
