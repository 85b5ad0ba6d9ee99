/** Imported before any schema is made: a strict content security policy allows no generated code. */
import { config } from "zod";

config({ jitless: true });

/** Violations of the policy in this worker: tests read them as a global. */
const policyViolations: string[] = [];
Object.assign(globalThis, { policyViolations });

globalThis.addEventListener("securitypolicyviolation", (event) => {
  const { blockedURI, effectiveDirective } = event as Event & Record<string, string>;
  policyViolations.push(`${effectiveDirective} refuses ${blockedURI}`);
});
