// Count, mean and sum of squared deviations of a sample: merging is exact where |mean| is far above the
// deviation (Chan, Golub, LeVeque 1983). A kernel that includes this has x, p.c (channel groups of type V),
// and work-groups of SIZE: p.groups neighbouring channel groups times a power of two of pixels. The last
// work-group may have fewer groups: results of invocations beyond them are not written.
struct Moments { n: f32, mean: V, m2: V }

fn merge_moments(a: Moments, b: Moments) -> Moments {
  let n = max(a.n + b.n, 1.0);
  let d = b.mean - a.mean;
  return Moments(a.n + b.n, a.mean + d * (b.n / n), a.m2 + b.m2 + d * d * (a.n * b.n / n));
}

// Pixels whose differences are summed before they are merged with the previous ones.
const RUN: u32 = 1024u;

// Moments of every `by`-th pixel from `first` up to `last`, in runs of n as differences from the run's first.
// One of n is at most sqrt(n) deviations away from their mean, and n / 4 additions lose up to n / 8 parts of
// 2^24 of the squares: the variance loses a hundredth at worst. With unbounded n it could become negative.
fn moments_of(ch: u32, first: u32, last: u32) -> Moments {
  let by = SIZE / p.groups;
  let step = by * p.c;
  var all = Moments(0.0, V(0.0), V(0.0));
  var at = first * p.c + ch;
  for (var start = first; start < last; start += RUN * by) {
    let end = min(start + RUN * by, last);
    let pivot = x[at];
    var sum = V(0.0);
    var squares = V(0.0);
    for (var q = start; q < end; q += 4u * by) {
      //#unroll u 4
      let d$u = select(V(0.0), x[at + $uu * step] - pivot, q + $uu * by < end);
      //#end
      sum += (d0 + d1) + (d2 + d3);
      squares += (d0 * d0 + d1 * d1) + (d2 * d2 + d3 * d3);
      at += 4u * step;
    }
    let n = f32((end - start + by - 1u) / by);
    let mean = sum / n;
    all = merge_moments(all, Moments(n, pivot + mean, squares - sum * mean));
  }
  return all;
}

var<workgroup> shares: array<Moments, SIZE>;

// Moments of all pixels of the work-group, per channel group; all its invocations must call it.
fn group_moments(mine: Moments, local: u32) -> Moments {
  shares[local] = mine;
  for (var half = SIZE / 2u; half >= p.groups; half /= 2u) {
    workgroupBarrier();
    if (local < half) { shares[local] = merge_moments(shares[local], shares[local + half]); }
  }
  workgroupBarrier();
  return shares[local % p.groups];
}
