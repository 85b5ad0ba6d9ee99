// y = act(x) ∗ w over a slice of input channels, any number of output channels.
// One invocation per T neighbouring pixels of a row in R images and Q vec4 of output channels.
// Weights of a slice of channels are staged in work-group memory, a row of the input in registers
// (lib/conv2d.wgsl).
// All taps of a sum one after the other, so that it stays in a register meanwhile.
//#include lib/index.wgsl
//#include lib/relu.wgsl
//#include lib/conv2d.wgsl
@group(0) @binding(2) var<storage, read> gate: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;

fn put(at: u32, o: u32, sum: vec4f) {
  for (var n = 0u; n < min(4u, p.co - o); n++) {
    var v = sum[n];
    if (p.gated != 0u) { v = select(0.0, v, gate[at + n] > 0.0); }
    if (p.add != 0u) { v += y[at + n]; }
    y[at + n] = v;
  }
}
