/**
 * Runs the core in a browser's dedicated worker: posts one message with the result of a search, or the error.
 */
import { violations } from "./strict.ts";

const post = (message: unknown) =>
  (globalThis as unknown as { postMessage(message: unknown): void }).postMessage(message);

// A bundler may move the code of static imports before that of strict.ts.
const { tenSteps } = await import("./ten_steps.ts");

tenSteps().then(
  (found) => post({ found, violations }),
  (error) => post({ error: String(error?.stack), violations }),
);
