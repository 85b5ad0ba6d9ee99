/**
 * Errors that a caller can act on. Message form: `Cannot <do> <what>: <got>, <expected>[; <what to try>]`.
 * The command line maps each class to its exit code.
 */

/** The caller asked for something that does not exist or does not fit (exit code 2). */
export class UsageError extends Error {
  override name = "UsageError";
}

/** An architecture beyond the size that its space allows; the next sample may be smaller (exit code 2). */
export class TooLargeError extends UsageError {
  override name = "TooLargeError";
}

/** No WebGPU adapter, or one that cannot do the work (exit code 3). */
export class AdapterError extends Error {
  override name = "AdapterError";
}

/** The device was lost: unplugged, reset by its driver, or destroyed. A new one can be opened. */
export class DeviceLostError extends Error {
  override name = "DeviceLostError";
}

/** A network that the asked format cannot express (exit code 1). */
export class ExportError extends Error {
  override name = "ExportError";
}

/** A file or folder that is missing, damaged or in another format (exit code 1). */
export class DataError extends Error {
  override name = "DataError";
}

/** Why a file could not be read, in words that follow `Cannot read FILE:`. */
export function whyUnreadable(cause: unknown): string {
  if ((cause as Error).name === "NotFound") return "there is no such file";
  if ((cause as Error).name === "IsADirectory") return "it is a folder";
  return (cause as Error).message;
}
