// Running statistics of batch norm, by one invocation per channel group. A kernel that includes this has
// lib/moments.wgsl and running, and in p decay and running_at.
fn update_running(all: Moments, ch: u32) {
  let mean = vec4f(all.mean);
  let variance = vec4f(all.m2 / max(all.n - 1.0, 1.0));
  let at = p.running_at + ch * LANES;
  //#unroll k LANES
  running[at + $ku] += (1.0 - p.decay) * (mean[$k] - running[at + $ku]);
  //#end
  let behind = at + p.c * LANES;
  //#unroll k LANES
  running[behind + $ku] += (1.0 - p.decay) * (variance[$k] - running[behind + $ku]);
  //#end
  if (ch == 0u) { running[p.running_at + 2u * p.c * LANES] += 1.0; }
}
