// y = act(x) ∗ w over a slice of input channels, output channels in fours.
// One invocation per T neighbouring pixels of a row in R images and Q vec4 of output channels.
// Weights of a slice of channels are staged in work-group memory, a row of the input in registers
// (lib/conv2d.wgsl).
// All taps of a sum one after the other, so that it stays in a register meanwhile.
//#include lib/index.wgsl
//#include lib/relu.wgsl
//#include lib/conv2d.wgsl
@group(0) @binding(2) var<storage, read> gate: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>;

fn put(at: u32, o: u32, sum: vec4f) {
  var v = sum;
  if (p.gated != 0u) { v = select(vec4f(), v, gate[at / 4u] > vec4f()); }
  if (p.add != 0u) { v += y[at / 4u]; }
  y[at / 4u] = v;
}
