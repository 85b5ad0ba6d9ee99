"""Times single ops in PyTorch, eager, on the processor, in both of its layouts; the faster one counts.

op_requests.py says what it is asked.
"""
import time

import torch
import torch.nn.functional as F

from op_requests import ORDERS, serve
from torch_step import average, convolution, maximum, pointwise

LAYOUTS = (torch.contiguous_format, torch.channels_last)


def read(name):
    with open(name, "rb") as file:
        return torch.frombuffer(bytearray(file.read()), dtype=torch.float32)


def placed(values, kind, layout):
    """Images as [n, c, h, w], weights as PyTorch has them."""
    order = ORDERS.get(kind)
    if kind == "pointwise":
        values = values.t()[:, :, None, None]
    elif order and values.dim() == 4:
        values = values.permute(order)
    values = values.contiguous()
    return values.contiguous(memory_format=layout) if values.dim() == 4 else values


def function(op, p):
    act = F.relu if p.get("relu") else lambda x: x
    stride, k = p.get("stride", 1), p.get("k", 1)

    def products(x):
        half = len(x) // 2
        return pointwise([act(v) for v in x[:half]], x[half:], stride, p.get("shift", 0))

    return {
        "conv2d": lambda x: convolution(act(x[0]), x[1], stride),
        "depthwise_conv2d": lambda x: convolution(act(x[0]), x[1], stride, x[0].shape[1]),
        "pointwise": products,
        "matmul": lambda x: x[0] @ x[1],
        "avg_pool2d": lambda x: average(x[0], k, stride),
        "max_pool2d": lambda x: maximum(x[0], k, stride),
        "batch_norm": lambda x: act(F.batch_norm(x[0], None, None, x[1], x[2], True, 0, p["epsilon"])),
        "add": lambda x: x[0] + x[1],
        "concat": lambda x: torch.cat(x, 1),
        "global_avg_pool": lambda x: act(x[0]).mean((2, 3)),
    }.get(op)


class Job:
    def __init__(self, request):
        self.op, self.batched = request["op"], request["batched"]
        self.f = function(self.op, request["params"])
        data, at, self.inputs = read(request["file"]), 0, []
        for i, shape in enumerate(request["shapes"]):
            count = torch.Size(shape).numel()
            values = data[at:at + count].reshape(shape)
            at += count
            kind = "images" if i < self.batched else self.op
            self.inputs.append([placed(values, kind, layout) for layout in LAYOUTS])
        # Running statistics are not compared.
        self.used = 3 if self.op == "batch_norm" else len(self.inputs)

    def shape(self):
        with torch.no_grad():
            out = self.f([x[0] for x in self.inputs])
        return list(out.permute(0, 2, 3, 1).shape if out.dim() == 4 else out.shape)

    def take(self, file):
        values = read(file).reshape(self.shape())
        self.dy = [placed(values, "images", layout) for layout in LAYOUTS]

    def once(self, layout, what):
        inputs = [x[layout] for x in self.inputs]
        if what == "forward":
            with torch.no_grad():
                start = time.perf_counter()
                results = [self.f(inputs)]
                return 1000 * (time.perf_counter() - start), results
        wanted = [i for i in range(self.used) if (i < self.batched) == (what == "input gradient")]
        inputs = [x.detach().requires_grad_(i in wanted) for i, x in enumerate(inputs)]
        y = self.f(inputs)
        start = time.perf_counter()
        results = torch.autograd.grad(y, [inputs[i] for i in wanted], self.dy[layout])
        return 1000 * (time.perf_counter() - start), results

    def measure(self, what, samples):
        _, results = self.once(0, what)
        self.once(1, what)
        best = min(self.once(layout, what)[0] for _ in range(samples) for layout in (0, 1))
        values = [r.double() for r in results]
        return {"ms": best, "sum": sum(v.sum().item() for v in values),
                "magnitude": sum(v.abs().sum().item() for v in values)}


serve(Job)
