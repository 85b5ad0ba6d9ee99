/** Imported before any schema is made: a strict content security policy allows no generated code. */
import { config } from "zod";

config({ jitless: true });

/** Violations of the policy in this worker, for tests. */
export const violations: string[] = [];

globalThis.addEventListener("securitypolicyviolation", (event) => {
  const { blockedURI, effectiveDirective } = event as Event & Record<string, string>;
  violations.push(`${effectiveDirective} refuses ${blockedURI}`);
});
