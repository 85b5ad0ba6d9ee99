"""Times single ops in tinygrad on WebGPU (Dawn, of the package dawn-python), by the device's clock.

op_requests.py says what it is asked. Every kernel that a result needs is run once for itself with timestamps, which is how the
library measures; kernels are compiled by the first call. Its own order: images [n, c, h, w], weights [co, ci, k, k].
"""
import contextlib
import glob
import importlib.util
import io
import os
import platform

os.environ["DEV"] = "WEBGPU"
dawn = importlib.util.find_spec("pydawn").submodule_search_locations[0]
os.environ.setdefault("WEBGPU_PATH", glob.glob(f"{dawn}/lib/*{platform.machine()}.so")[0])

import numpy as np
from tinygrad import Tensor
from tinygrad.helpers import Context, GlobalCounters

from op_requests import ORDERS, serve


def same(x, k, stride, fill=0.0):
    """Padding so that there are ceil(size / stride) windows, the odd cell at the end."""
    h, w = (max((-(-s // stride) - 1) * stride + k - s, 0) for s in x.shape[2:])
    return x.pad((w // 2, w - w // 2, h // 2, h - h // 2), value=fill) if h or w else x


def placed(values, kind):
    order = ORDERS.get(kind)
    if kind == "pointwise":
        values = values.T[:, :, None, None]
    elif order and values.ndim == 4:
        values = values.transpose(order)
    return Tensor(np.ascontiguousarray(values)).realize()


def pointwise(xs, ws, stride, shift):
    x, w = (xs[0], ws[0]) if len(xs) == 1 else (xs[0].cat(*xs[1:], dim=1), ws[0].cat(*ws[1:], dim=1))
    if shift:
        x = x.pad((0, shift, 0, shift))[:, :, shift:, shift:]
    return x.conv2d(w, stride=stride)


def batch_norm(x, gamma, beta, epsilon):
    axes = tuple(i for i in range(x.ndim) if i != 1)
    shape = (1, -1) + (1,) * (x.ndim - 2)
    mean = x.mean(axes, keepdim=True)
    inverse = (((x - mean) * (x - mean)).mean(axes, keepdim=True) + epsilon).rsqrt()
    return (x - mean) * inverse * gamma.reshape(shape) + beta.reshape(shape)


def average(x, k, stride):
    padded = same(x, k, stride)
    if padded is x:
        return x.avg_pool2d((k, k), stride)
    counts = same(Tensor.ones(1, 1, *x.shape[2:]), k, stride).avg_pool2d((k, k), stride)
    return padded.avg_pool2d((k, k), stride) / counts


def function(op, p):
    act = (lambda x: x.relu()) if p.get("relu") else lambda x: x
    stride, k = p.get("stride", 1), p.get("k", 1)

    def convolution(x, w, groups):
        return same(act(x), w.shape[2], stride).conv2d(w, stride=stride, groups=groups)

    def products(x):
        half = len(x) // 2
        return pointwise([act(v) for v in x[:half]], x[half:], stride, p.get("shift", 0))

    return {
        "conv2d": lambda x: convolution(x[0], x[1], 1),
        "depthwise_conv2d": lambda x: convolution(x[0], x[1], x[0].shape[1]),
        "pointwise": products,
        "matmul": lambda x: x[0] @ x[1],
        "avg_pool2d": lambda x: average(x[0], k, stride),
        "max_pool2d": lambda x: same(x[0], k, stride, -3e38).max_pool2d((k, k), stride),
        "batch_norm": lambda x: act(batch_norm(x[0], x[1], x[2], p["epsilon"])),
        "add": lambda x: x[0] + x[1],
        "concat": lambda x: x[0].cat(*x[1:], dim=1),
        "global_avg_pool": lambda x: act(x[0]).mean((2, 3)),
    }.get(op)


class Job:
    def __init__(self, request):
        self.op, self.batched = request["op"], request["batched"]
        self.f = function(self.op, request["params"])
        data, at, self.inputs = np.fromfile(request["file"], np.float32), 0, []
        for i, shape in enumerate(request["shapes"]):
            count = int(np.prod(shape))
            self.inputs.append(placed(data[at:at + count].reshape(shape), "images" if i < self.batched else self.op))
            at += count
        self.used = 3 if self.op == "batch_norm" else len(self.inputs)

    def shape(self):
        s = self.f(self.inputs).shape
        return [s[0], s[2], s[3], s[1]] if len(s) == 4 else list(s)

    def take(self, file):
        self.dy = placed(np.fromfile(file, np.float32).reshape(self.shape()), "images")

    def once(self, what):
        """Milliseconds on the device, and the results."""
        if what == "forward":
            results = [self.f(self.inputs)]
        else:
            wanted = [i for i in range(self.used) if (i < self.batched) == (what == "input gradient")]
            inputs = [Tensor(x.uop) for x in self.inputs]
            results = self.f(inputs).gradient(*(inputs[i] for i in wanted), gradient=self.dy)
        GlobalCounters.reset()
        # Only at this level the library waits for each kernel and reads its timestamps.
        with Context(DEBUG=2), contextlib.redirect_stdout(io.StringIO()):
            Tensor.realize(*results)
        return 1000 * GlobalCounters.time_sum_s, results

    def measure(self, what, samples):
        _, results = self.once(what)
        best = min(self.once(what)[0] for _ in range(samples))
        values = [r.numpy().astype(np.float64) for r in results]
        return {"ms": best, "sum": sum(v.sum() for v in values), "magnitude": sum(np.abs(v).sum() for v in values)}


serve(Job)
