  // Start of a sliding-window depthwise kernel: loads the taps of channel group `ch` through `staged`.
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
