// Updates the running statistics of batch norm from the results of group_moments, one channel per invocation.
// A kernel that includes this has lib/moments.wgsl and running, and in p decay and running_at.
fn update_running(first: u32, local: u32) {
  let behind = p.c * LANES;
  for (var i = local; i < min(p.groups, p.c - first) * LANES; i += SIZE) {
    let all = shares[i / LANES];
    let mean = vec4f(all.mean)[i % LANES];
    let variance = vec4f(all.m2)[i % LANES] / max(all.n - 1.0, 1.0);
    let at = p.running_at + first * LANES + i;
    running[at] += (1.0 - p.decay) * (mean - running[at]);
    running[at + behind] += (1.0 - p.decay) * (variance - running[at + behind]);
  }
  if (first + local == 0u) { running[p.running_at + 2u * behind] += 1.0; }
}
