// y from the moments of all pixels. A kernel that includes this has lib/moments.wgsl, gamma, beta, plus,
// stats and y, and in p their offsets, epsilon and the flags relu and add.

// Values common to all pixels of a channel group: y = (x - mean) * scale + shift.
struct Channel { mean: V, inverse: V, scale: V, shift: V }

fn channel_of(all: Moments, ch: u32) -> Channel {
  let inverse = 1.0 / sqrt(all.m2 / all.n + p.epsilon);
  let scale = inverse * gamma[p.gamma_at / LANES + ch];
  return Channel(all.mean, inverse, scale, beta[p.beta_at / LANES + ch]);
}

// Saves a channel group for the gradient; called by one invocation per group.
fn keep_channel(its: Channel, ch: u32) {
  stats[ch] = its.mean;
  stats[p.c + ch] = its.inverse;
  stats[2u * p.c + ch] = its.scale;
  stats[3u * p.c + ch] = its.shift;
}

// y of every `by`-th pixel from `first` up to `last`.
fn normalise(its: Channel, ch: u32, first: u32, last: u32) {
  let by = SIZE / p.groups;
  let step = by * p.c;
  var at = first * p.c + ch;
  for (var q = first; q < last; q += 2u * by) {
    //#unroll u 2
    if (q + $uu * by < last) {
      let v = (x[at + $uu * step] - its.mean) * its.scale + its.shift;
      var above = relu_in(v, p.relu != 0u);
      if (p.add != 0u) { above += plus[at + $uu * step]; }
      y[at + $uu * step] = above;
    }
    //#end
    at += 2u * step;
  }
}
