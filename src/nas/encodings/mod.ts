/** Encodings by name. */
import { UsageError } from "../../common/errors.ts";
import type { Encoding, Encodings } from "./encoding.ts";

export type { Encoding, Encodings, OpenEncodings } from "./encoding.ts";

/** Finds an encoding by name. @throws UsageError naming the space's encodings. */
export function encodingNamed<A>(
  encodings: Encodings<A>,
  name: string,
  space: string,
): Encoding<A> {
  const encoding = encodings[name];
  if (encoding) return encoding;
  const known = Object.keys(encodings);
  throw new UsageError(
    `Cannot use encoding ${JSON.stringify(name)} in space ${space}: ${
      known.length ? `expected one of ${known.join(", ")}` : "the space has no encodings"
    }`,
  );
}
