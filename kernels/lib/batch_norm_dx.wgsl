// The gradients of batch norm once the sums over all pixels are known. A kernel that includes this has
// lib/batch_norm_sums.wgsl, dx, grad and other, and in p how and where they are written.

// Writes the requested gradients of gamma (to grad) and beta (to grad, or to other if they do not share a
// buffer) from the results of group_sums, one channel per invocation.
fn write_weights(first: u32, local: u32) {
  for (var i = local; i < min(p.groups, p.c - first) * LANES; i += SIZE) {
    let all = shares[i / LANES];
    let gamma_to = p.gamma_to + first * LANES + i;
    let beta_to = p.beta_to + first * LANES + i;
    if (p.write_gamma != 0u) {
      grad[gamma_to] = select(0.0, grad[gamma_to], p.add_gamma != 0u) + vec4f(all.dot)[i % LANES];
    }
    let dbeta = vec4f(all.dy)[i % LANES];
    if (p.write_beta != 0u && p.one_buffer != 0u) {
      grad[beta_to] = select(0.0, grad[beta_to], p.add_beta != 0u) + dbeta;
    }
    if (p.write_beta != 0u && p.one_buffer == 0u) {
      other[beta_to] = select(0.0, other[beta_to], p.add_beta != 0u) + dbeta;
    }
  }
}

// Writes dx of every `by`-th pixel from `first` up to `last`; constant statistics omit the terms of the sums.
fn write_dx(its: Channel, all: Sums, ch: u32, first: u32, last: u32) {
  let weight = select(1.0 / f32(p.pixels), 0.0, p.constant_stats != 0u);
  let offset = all.dy * weight;
  let slope = all.dot * its.inverse * weight;
  let by = SIZE / p.groups;
  let step = by * p.c;
  var at = first * p.c + ch;
  for (var q = first; q < last; q += 2u * by) {
    //#unroll u 2
    if (q + $uu * by < last) {
      let d = x[at + $uu * step] - its.mean;
      let g = select(V(0.0), dy[at + $uu * step], d * its.scale + its.shift > its.least);
      var v = its.scale * (g - offset - d * slope);
      if (p.add != 0u) { v += dx[at + $uu * step]; }
      dx[at + $uu * step] = v;
    }
    //#end
    at += 2u * step;
  }
}
