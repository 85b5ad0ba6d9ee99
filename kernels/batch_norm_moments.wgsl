// Mean and sum of squared deviations of a run of pixels: blocks of 8, merged without cancellation.
// One invocation per run and channel group.
//#include lib/index.wgsl
alias V = vec4f;
override SIZE: u32 = 64u;

struct P { pixels: u32, c: u32, run: u32 }
@group(0) @binding(0) var<storage, read> x: array<V>;
@group(0) @binding(1) var<storage, read_write> part: array<V>;
@group(0) @binding(2) var<uniform> p: P;

@compute @workgroup_size(SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = thread(id, groups, SIZE);
  let ch = i % p.c;
  let split = i / p.c;
  let first = split * p.run;
  if (first >= p.pixels) { return; }
  let last = min(first + p.run, p.pixels);
  var mean = V(0.0);
  var m2 = V(0.0);
  var n = 0.0;
  var at = first * p.c + ch;
  var q = first;
  for (; q + 8u <= last; q += 8u) {
    //#unroll u 8
    let v$u = x[at + $u * p.c];
    //#end
    let m = (((v0 + v1) + (v2 + v3)) + ((v4 + v5) + (v6 + v7))) * 0.125;
    //#unroll u 8
    let d$u = v$u - m;
    //#end
    let d = m - mean;
    mean += d * (8.0 / (n + 8.0));
    m2 += (((d0 * d0 + d1 * d1) + (d2 * d2 + d3 * d3)) + ((d4 * d4 + d5 * d5) + (d6 * d6 + d7 * d7)))
      + d * d * (n * 8.0 / (n + 8.0));
    n += 8.0;
    at += 8u * p.c;
  }
  for (; q < last; q++) {
    n += 1.0;
    let v = x[at];
    let d = v - mean;
    mean += d / n;
    m2 += d * (v - mean);
    at += p.c;
  }
  part[split * 2u * p.c + ch] = mean;
  part[(split * 2u + 1u) * p.c + ch] = m2;
}
