/** Digest of all kernels: measurements hold only for the kernels that were measured. */
import { sha256 } from "../../common/sha256.ts";
import "../../data/batches.ts";
import "../../gpu/self_test.ts";
import { loadedKernels } from "../../gpu/kernel.ts";
import "../../nn/clip.ts";
import "../../nn/metrics.ts";
import "../../nn/optimizer.ts";
import "../../nn/step_sums.ts";
import "../../ops/mod.ts";

// Every file that defines kernels is imported above: the digest does not depend on the command or the time.
const texts = [...loadedKernels].sort(([a], [b]) => a < b ? -1 : 1);

/** Digest of the source texts of all kernels. */
export const kernelsDigest: string = sha256(JSON.stringify(texts)).slice(0, 16);
