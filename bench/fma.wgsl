// Multiply-adds in registers only: the arithmetic ceiling of a device.
// One thread per element of y, with CHAINS independent sums, 8 · CHAINS multiply-adds per round.
struct P { n: u32, rounds: u32, a: f32, b: f32 }
@group(0) @binding(0) var<storage, read_write> y: array<T>;
@group(0) @binding(1) var<uniform> p: P;
alias T = vec4f;
const CHAINS = 8;
override SIZE = 64;

@compute @workgroup_size(SIZE)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x;
  if (i >= p.n) { return; }
  let a = T(p.a);
  let b = T(p.b);
  //#unroll k CHAINS
  var c$k = T(f32(i + $ku));
  //#end
  for (var r = 0u; r < p.rounds; r++) {
    //#unroll j 8
    //#unroll k CHAINS
    c$k = fma(c$k, a, b);
    //#end
    //#end
  }
  var sum = T(0);
  //#unroll k CHAINS
  sum += c$k;
  //#end
  y[i] = sum;
}
