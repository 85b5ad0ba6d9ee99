/** Addresses of NATS servers. */
import { UsageError } from "../../../common/errors.ts";

/** @throws UsageError for an address with a password, which the run's folder and lists of processes would show. */
export function requireNoPassword(url: string): void {
  if (!url.includes("@")) return;
  throw new UsageError(
    "Cannot connect: a password in the address is seen by every user of this machine, expected " +
      `${
        url.replace(/\/\/.*@/, "//")
      }; put the password into a file (--worker-token or --token-file)`,
  );
}
