/**
 * GPU timestamps for libraries without support for them: every compute pass that they begin gets two. Both
 * libraries request the feature themselves.
 */

const QUERIES = 4096;

interface Clock {
  device: GPUDevice;
  queries: GPUQuerySet;
  resolved: GPUBuffer;
  staging: GPUBuffer;
}

let clock: Clock | null = null;
let used = 0;
let counting = false;

/** Times all passes from now on; must be called before a library makes its device. */
export function watchPasses(): void {
  const request = GPUAdapter.prototype.requestDevice;
  GPUAdapter.prototype.requestDevice = async function (descriptor) {
    const device = await request.call(this, descriptor);
    clock = clockOf(device);
    return device;
  };
  const begin = GPUCommandEncoder.prototype.beginComputePass;
  GPUCommandEncoder.prototype.beginComputePass = function (descriptor) {
    if (!counting || !clock || used + 2 > QUERIES) return begin.call(this, descriptor);
    const [beginningOfPassWriteIndex, endOfPassWriteIndex] = [used++, used++];
    const writes = { beginningOfPassWriteIndex, endOfPassWriteIndex };
    return begin.call(this, {
      ...descriptor,
      timestampWrites: { querySet: clock.queries, ...writes },
    });
  };
}

function clockOf(device: GPUDevice): Clock {
  const { QUERY_RESOLVE, COPY_SRC, COPY_DST, MAP_READ } = GPUBufferUsage;
  const size = QUERIES * 8;
  return {
    device,
    queries: device.createQuerySet({ type: "timestamp", count: QUERIES }),
    resolved: device.createBuffer({ size, usage: QUERY_RESOLVE | COPY_SRC }),
    staging: device.createBuffer({ size, usage: COPY_DST | MAP_READ }),
  };
}

export function startCounting(): void {
  used = 0;
  counting = true;
}

/** Number of passes begun since `startCounting`. */
export const passesSoFar = (): number => used / 2;

/** Device milliseconds of each pass since `startCounting`; all must be submitted. */
export async function passTimes(): Promise<number[]> {
  counting = false;
  if (!clock || used === 0) return [];
  if (used + 2 > QUERIES) throw new Error("Cannot time so many passes");
  const { device, queries, resolved, staging } = clock;
  const encoder = device.createCommandEncoder();
  encoder.resolveQuerySet(queries, 0, used, resolved, 0);
  encoder.copyBufferToBuffer(resolved, 0, staging, 0, used * 8);
  device.queue.submit([encoder.finish()]);
  await staging.mapAsync(GPUMapMode.READ, 0, used * 8);
  const ticks = new BigUint64Array(staging.getMappedRange(0, used * 8).slice(0));
  staging.unmap();
  return Array.from({ length: used / 2 }, (_, i) => Number(ticks[2 * i + 1] - ticks[2 * i]) / 1e6);
}
