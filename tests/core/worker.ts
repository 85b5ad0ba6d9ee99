/** The core in a browser's dedicated worker: one message with what the search found, or why it did not. */
import { violations } from "./strict.ts";
import { tenSteps } from "./ten_steps.ts";

const post = (message: unknown) =>
  (globalThis as unknown as { postMessage(message: unknown): void }).postMessage(message);

tenSteps().then(
  (found) => post({ found, violations }),
  (error) => post({ error: String(error?.stack), violations }),
);
