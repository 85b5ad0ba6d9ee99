// Gradients of a sum of two randomly dropped paths, by each path whose gradient is requested.
// One invocation per 4 elements of an example.
// No tile: every element is read once.
// Several elements per invocation: one random number for all of them.
//#include lib/index.wgsl
//#include lib/random.wgsl
override SIZE: u32 = 64u;

alias T = f32;

struct P {
  examples: u32, per_example: u32, blocks: u32, seed: u32, step: u32,
  keep_a: f32, stream_a: u32, skip_a: u32, add_a: u32, keep_b: f32, stream_b: u32, skip_b: u32, add_b: u32,
}
@group(0) @binding(0) var<storage, read> dy: array<T>;
@group(0) @binding(1) var<storage, read_write> da: array<T>;
@group(0) @binding(2) var<storage, read_write> db: array<T>;
@group(0) @binding(3) var<uniform> p: P;

@compute @workgroup_size(SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = thread(id, groups, SIZE);
  let example = i / p.blocks;
  if (example >= p.examples) { return; }
  let first = i % p.blocks;
  let kept_a = uniform01(p.seed, p.stream_a, p.step, example) < p.keep_a;
  let kept_b = uniform01(p.seed, p.stream_b, p.step, example) < p.keep_b;
  let start = example * p.per_example;
  //#unroll u 4
  if (first + $uu * p.blocks < p.per_example) {
    let at = start + first + $uu * p.blocks;
    let g = dy[at];
    if (p.skip_a == 0u) {
      var ga = select(T(0.0), g / p.keep_a, kept_a);
      if (p.add_a != 0u) { ga += da[at]; }
      da[at] = ga;
    }
    if (p.skip_b == 0u) {
      var gb = select(T(0.0), g / p.keep_b, kept_b);
      if (p.add_b != 0u) { gb += db[at]; }
      db[at] = gb;
    }
  }
  //#end
}
