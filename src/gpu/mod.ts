export { type AdapterReport, Gpu, type OpenOptions } from "./device.ts";
export { type Kernel, kernel, type Params } from "./kernel.ts";
export { type DeviceBuffer, sizeClass } from "./pool.ts";
export { Profile, type ProfileOptions, type Span } from "./profile.ts";
export { Stopwatch } from "./stopwatch.ts";
export type { Recorder } from "./recorder.ts";
export { type Dtype, numel, type Shape, type Tensor } from "./tensor.ts";
export type { Traits } from "./traits.ts";
export { type Choice, type Choices, digestOf, type Tuned, Tuning } from "./tuning.ts";
