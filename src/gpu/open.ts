/** Opens an adapter and a device, and describes the adapter. */
import { AdapterError } from "../common/errors.ts";

/** Which adapter `Gpu.open` takes, and which optional features it asks for. */
export interface OpenOptions {
  /** Which adapter to take; `software` is the fallback adapter. Default: the system's first choice. */
  adapter?: "high-performance" | "low-power" | "software";
  /** Enables timestamps, which a `Profile` needs; "if-there": only if the adapter has them. */
  timestamps?: boolean | "if-there";
}

/** Description of the adapter in use. */
export interface AdapterReport {
  description: string;
  vendor: string;
  driver: string;
  fallback: boolean;
  features: string[];
  limits: Record<string, number>;
}

/** The feature of adapters whose kernels may compute in float16. */
export const FLOAT16 = "shader-f16";

/** Features that a device needs to compute in float16; none where the adapter lacks them. */
export const float16Of = ({ features }: GPUAdapter): (typeof FLOAT16)[] =>
  features.has(FLOAT16) ? [FLOAT16] : [];

/** WebGPU's default for one binding, in bytes. */
const DEFAULT_BINDING = 2 ** 27;
/** More than any preset needs, and well within the 32-bit arithmetic of kernels. */
const LARGEST_BINDING = 2 ** 31;

/** The limits on the size of a tensor where an adapter offers more than the default. */
function tensorLimits(
  { maxStorageBufferBindingSize, maxBufferSize }: GPUSupportedLimits,
): Record<string, number> {
  if (maxStorageBufferBindingSize <= DEFAULT_BINDING) return {};
  return {
    maxStorageBufferBindingSize: Math.min(maxStorageBufferBindingSize, LARGEST_BINDING),
    maxBufferSize: Math.min(maxBufferSize, LARGEST_BINDING),
  };
}

/** Opens a device. Throws AdapterError when there is no such adapter, or when it refuses a device. */
export async function openDevice(
  { adapter: wanted, timestamps }: OpenOptions,
): Promise<{ device: GPUDevice; report: AdapterReport }> {
  const adapter = await requestAdapter(wanted);
  const { info } = adapter;
  const timed = adapter.features.has("timestamp-query");
  if (timestamps === true && !timed) {
    throw new AdapterError(
      `Cannot time kernels on ${info.description}: it has no timestamp-query, expected an adapter ` +
        `that has; run without a profile or choose another adapter (--adapter)`,
    );
  }
  const device = await adapter.requestDevice({
    label: "denas",
    requiredFeatures: [
      ...timestamps && timed ? ["timestamp-query" as const] : [],
      ...float16Of(adapter),
    ],
    requiredLimits: tensorLimits(adapter.limits),
  }).catch((cause: Error) => {
    throw new AdapterError(
      `Cannot open ${info.description}: ${cause.message}, expected a device with WebGPU's default ` +
        `limits; free memory or choose another adapter (--adapter)`,
      { cause },
    );
  });
  return { device, report: reportOn(adapter) };
}

async function requestAdapter(wanted: OpenOptions["adapter"]): Promise<GPUAdapter> {
  if (typeof Deno !== "undefined") (await import("./driver_settings.ts")).setDrivers();
  const adapter = await navigator.gpu?.requestAdapter(
    wanted === "software"
      ? { forceFallbackAdapter: true }
      : wanted
      ? { powerPreference: wanted }
      : undefined,
  );
  if (adapter) return adapter;
  throw new AdapterError(
    `Cannot open a GPU: got no WebGPU adapter${wanted ? ` of kind ${wanted}` : ""}, expected a ` +
      `Vulkan, Metal or D3D12 driver; on Debian try: apt-get install mesa-vulkan-drivers`,
  );
}

function reportOn({ info, features, limits: offered }: GPUAdapter): AdapterReport {
  const limits: Record<string, number> = {};
  for (const name in offered) {
    const value = (offered as unknown as Record<string, unknown>)[name];
    if (typeof value === "number") limits[name] = value;
  }
  return {
    // Browsers leave some of these empty.
    description: info.description || info.device ||
      `${info.vendor} ${info.architecture}`.trim() || "unknown adapter",
    vendor: info.vendor,
    driver: `${info.vendor} ${info.architecture} ${info.description}`.trim(),
    fallback: info.isFallbackAdapter,
    features: [...features].sort(),
    limits,
  };
}
