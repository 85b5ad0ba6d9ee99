/** In the browser: what a reading throws whose device is taken away meanwhile. */
import { DeviceLostError } from "../../src/common/errors.ts";
import { Gpu } from "../../src/gpu/device.ts";

Object.assign(globalThis, {
  async errorOfLoss(): Promise<string> {
    const gpu = await Gpu.open();
    const reading = gpu.read([gpu.empty([64])]);
    gpu.device.destroy();
    try {
      await reading;
      return "nothing";
    } catch (error) {
      return error instanceof DeviceLostError ? "the loss" : String(error);
    }
  },
});
