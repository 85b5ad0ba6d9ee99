// Mean and inverse deviation from running statistics; before their first update mean 0, variance 1.
// One invocation per channel.
//#include lib/index.wgsl
override SIZE: u32 = 64u;

struct P { c: u32, epsilon: f32, decay: f32, debias: u32, running_at: u32 }
@group(0) @binding(0) var<storage, read> running: array<f32>;
@group(0) @binding(1) var<storage, read_write> stats: array<f32>;
@group(0) @binding(2) var<uniform> p: P;

@compute @workgroup_size(SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let ch = thread(id, groups, SIZE);
  if (ch >= p.c) { return; }
  var mean = running[p.running_at + ch];
  var variance = running[p.running_at + p.c + ch];
  if (p.debias != 0u) {
    let updates = running[p.running_at + 2u * p.c];
    let seen = 1.0 - pow(p.decay, updates);
    mean = select(0.0, mean / seen, updates > 0.0);
    variance = select(1.0, variance / seen, updates > 0.0);
  }
  stats[ch] = mean;
  stats[p.c + ch] = 1.0 / sqrt(variance + p.epsilon);
}
