/** In the browser: what a reading and a kernel's compilation throw whose device is taken away meanwhile. */
import { DeviceLostError } from "../../src/common/errors.ts";
import { fill } from "../../src/autodiff/run.ts";
import { Gpu } from "../../src/gpu/device.ts";

async function thrownBy(work: (gpu: Gpu) => Promise<unknown>): Promise<string> {
  const gpu = await Gpu.open();
  try {
    await work(gpu);
    return "nothing";
  } catch (error) {
    return error instanceof DeviceLostError ? "the loss" : String(error);
  }
}

Object.assign(globalThis, {
  readingOfLost: () =>
    thrownBy((gpu) => {
      const reading = gpu.read([gpu.empty([64])]);
      gpu.device.destroy();
      return reading;
    }),
  compilingOnLost: () =>
    thrownBy((gpu) => {
      const x = gpu.empty([64]);
      gpu.device.destroy();
      fill(gpu, x, 1);
      return gpu.checkErrors();
    }),
});
