  // Beginning of a rolling depthwise kernel: the taps of a channel group, through `staged`, and which strip i of
  // which band of image n the invocation takes.
  for (var t = local; t < TAPS * GROUPS; t += SIZE) {
    let ch = min(group.z * GROUPS + t % GROUPS, p.c - 1u);
    staged[t] = w[p.w_at / LANES + t / GROUPS * p.c + ch];
  }
  workgroupBarrier();
  var taps: array<V, TAPS>;
  //#unroll t TAPS
  taps[$t] = staged[$t * GROUPS + local % GROUPS];
  //#end
  let ch = group.z * GROUPS + local % GROUPS;
  let i = (group.x + group.y * groups.x) * (SIZE / GROUPS) + local / GROUPS;
  let band = i / p.strips;
  let n = band / p.bands;
  if (ch >= p.c || n >= p.n) { return; }
