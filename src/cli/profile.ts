/** `--profile FILE`: writes a trace of where a run's time goes. */
import { type Gpu, Profile } from "../gpu/mod.ts";
import { TraceFile } from "../run/trace.ts";
import { fromHere, shortPath } from "./paths.ts";

/** Most kernels in a trace: some 300 MB, which Perfetto still opens well. */
const MOST = 1_000_000;

export interface Profiling {
  /** Writes the rest of the trace; returns lines on its content and its cost. */
  close(): Promise<string[]>;
}

/** Starts a trace of all work of a device from now on, and of the host's work for it. */
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
