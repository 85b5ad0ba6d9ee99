/** Whether a device computes what it should: integer and float arithmetic, shared memory, several groups. */
import selfTestWgsl from "../../kernels/self_test.wgsl" with { type: "text" };
import { AdapterError } from "../common/errors.ts";
import { hash, uniform } from "../common/random.ts";
import type { Gpu } from "./device.ts";
import { kernel } from "./kernel.ts";

const test = kernel("self_test", selfTestWgsl);
const size = 256;
const groups = 8;
const seed = 42;

/** @throws AdapterError naming the first number that is wrong. */
export async function selfTest(gpu: Gpu): Promise<void> {
  const bits = gpu.empty([size * groups]);
  const sums = gpu.empty([groups]);
  gpu.run(test, { bits, sums }, { seed }, [groups]);
  const [gotBits] = await gpu.readU32([bits]);
  const [gotSums] = await gpu.read([sums]);
  for (let i = 0; i < gotBits.length; i++) {
    expect(`random number ${i}`, gotBits[i], hash(seed, 1, 2, i), 0);
  }
  for (let g = 0; g < groups; g++) {
    let sum = 0;
    for (let i = 0; i < size; i++) sum += uniform(seed, 1, 2, g * size + i);
    expect(`sum of group ${g}`, gotSums[g], sum, 1e-3);
  }
}

function expect(what: string, got: number, wanted: number, tolerance: number): void {
  if (Math.abs(got - wanted) <= tolerance) return;
  throw new AdapterError(
    `Cannot trust this adapter: ${what} is ${got}, expected ${wanted}; update its driver`,
  );
}
