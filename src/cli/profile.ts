/** `--profile FILE`: where the time of a run goes, as a trace. */
import { type Gpu, Profile } from "../gpu/mod.ts";
import { TraceFile } from "../run/trace.ts";
import { fromHere, shortPath } from "./paths.ts";

/** Kernels that a trace holds: some 300 MB, which is what Perfetto takes well. */
const MOST = 1_000_000;

export interface Profiling {
  /** Writes the rest of the trace; then says what it holds and what it cost. */
  close(): Promise<string[]>;
}

/** Starts a trace of everything that a device does from here on, and of what the host does for it. */
export async function profileTo(
  path: string,
  gpu: Gpu,
  note: (line: string) => void,
  most = MOST,
): Promise<Profiling> {
  const file = new TraceFile(fromHere(path));
  const profile: Profile = await Profile.start(gpu.device, {
    most,
    sink: (span) => {
      file.add(span);
      if (!profile.full || gpu.profile !== profile || span.name !== "submit") return;
      gpu.profile = null;
      profile.endAll();
      note(`the profile is full after ${profile.recorded} kernels; the run goes on without`);
    },
  });
  gpu.profile = profile;
  return {
    async close() {
      gpu.profile = null;
      await profile.drain();
      const { passes, passMs, gapMs } = profile.totals;
      file.close({ adapter: gpu.adapter.description, kernels: passes, kernelMs: passMs, gapMs });
      return [
        `profile  ${shortPath(file.path)}: ${passes} kernels, ${seconds(passMs)} on the device; ` +
        `open it at ui.perfetto.dev`,
        `         timed one by one, the device waits ${
          (1000 * gapMs / Math.max(1, passes)).toFixed(0)
        } µs ` +
        `between kernels (${seconds(gapMs)} in all), which a run without a profile mostly does not`,
      ];
    },
  };
}

const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;
