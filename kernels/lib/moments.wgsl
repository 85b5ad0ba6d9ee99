// Count, mean and sum of squared deviations of a sample: merging is exact where |mean| is far above the
// deviation (Chan, Golub, LeVeque 1983). A kernel that includes this has x, p.c (channel groups of type V),
// and work-groups of SIZE: p.groups channel groups, side by side, by a power of two of pixels.
struct Moments { n: f32, mean: V, m2: V }

fn merge_moments(a: Moments, b: Moments) -> Moments {
  let n = max(a.n + b.n, 1.0);
  let d = b.mean - a.mean;
  return Moments(a.n + b.n, a.mean + d * (b.n / n), a.m2 + b.m2 + d * d * (a.n * b.n / n));
}

// Every `by`-th pixel from `first` up to `last`, in blocks of 8: few divisions, and loads that wait together.
fn moments_of(ch: u32, first: u32, last: u32) -> Moments {
  let by = SIZE / p.groups;
  let step = by * p.c;
  var all = Moments(0.0, V(0.0), V(0.0));
  var at = first * p.c + ch;
  var q = first;
  for (; q + 7u * by < last; q += 8u * by) {
    //#unroll u 8
    let v$u = x[at + $uu * step];
    //#end
    let m = (((v0 + v1) + (v2 + v3)) + ((v4 + v5) + (v6 + v7))) * 0.125;
    //#unroll u 8
    let d$u = v$u - m;
    //#end
    let m2 = ((d0 * d0 + d1 * d1) + (d2 * d2 + d3 * d3)) + ((d4 * d4 + d5 * d5) + (d6 * d6 + d7 * d7));
    all = merge_moments(all, Moments(8.0, m, m2));
    at += 8u * step;
  }
  for (; q < last; q += by) {
    all = merge_moments(all, Moments(1.0, x[at], V(0.0)));
    at += step;
  }
  return all;
}

var<workgroup> shares: array<Moments, SIZE>;

// Of all pixels that the work-group has seen, per channel group; all its invocations must call it.
fn group_moments(mine: Moments, local: u32) -> Moments {
  shares[local] = mine;
  for (var half = SIZE / 2u; half >= p.groups; half /= 2u) {
    workgroupBarrier();
    if (local < half) { shares[local] = merge_moments(shares[local], shares[local + half]); }
  }
  workgroupBarrier();
  return shares[local % p.groups];
}
