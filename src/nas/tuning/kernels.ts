/** Tells the kernels of one version of denas from those of another: what was measured holds for one only. */
import { sha256 } from "../../common/sha256.ts";
import "../../data/batches.ts";
import "../../gpu/self_test.ts";
import { loadedKernels } from "../../gpu/kernel.ts";
import "../../nn/clip.ts";
import "../../nn/metrics.ts";
import "../../nn/optimizer.ts";
import "../../nn/step_sums.ts";
import "../../ops/mod.ts";

// Every file that defines kernels is imported above, so that it does not matter which command asks, and when.
const texts = [...loadedKernels].sort(([a], [b]) => a < b ? -1 : 1);

/** Digest of the texts of all kernels. */
export const kernelsDigest: string = sha256(JSON.stringify(texts)).slice(0, 16);
