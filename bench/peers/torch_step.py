"""Times training steps of a network in PyTorch, eager, on the processor.

Reads one request a line: {"program": file, "weights": file, "threads": n}, then {"layout": "nchw" or
"channels_last", "steps": n, "forward": whether without gradients} any number of times. Answers with {"parameters": n},
then with {"loss": of the first step of this layout, or the last logits' sum, "ms": of a step}. `bench/torch_step.ts`
writes the files and says what is in them.
"""
import json
import sys
import time

import torch
import torch.nn.functional as F


def same(x, k, stride, fill=0.0):
    """Padding so that there are ceil(size / stride) windows; symmetric padding is left to the operation."""
    totals = [max((-(-s // stride) - 1) * stride + k - s, 0) for s in x.shape[2:]]
    if all(t % 2 == 0 for t in totals):
        return x, tuple(t // 2 for t in totals)
    h, w = totals
    return F.pad(x, (w // 2, w - w // 2, h // 2, h - h // 2), value=fill), (0, 0)


def convolution(x, w, stride, groups=1):
    x, padding = same(x, w.shape[2], stride)
    return F.conv2d(x, w, None, stride, padding, groups=groups)


def pointwise(xs, ws, stride, shift):
    """Sum of 1×1 convolutions: one of the joined inputs."""
    x, w = (xs[0], ws[0]) if len(xs) == 1 else (torch.cat(xs, 1), torch.cat(ws, 1))
    if shift:
        x = F.pad(x, (0, shift, 0, shift))[:, :, shift:, shift:]
    return F.conv2d(x, w, None, stride)


def average(x, k, stride):
    padded, padding = same(x, k, stride)
    if padded is x:
        return F.avg_pool2d(x, k, stride, padding, count_include_pad=False)
    counts = F.avg_pool2d(same(torch.ones_like(x[:1, :1]), k, stride)[0], k, stride)
    return F.avg_pool2d(padded, k, stride) / counts


def maximum(x, k, stride):
    x, padding = same(x, k, stride, float("-inf"))
    return F.max_pool2d(x, k, stride, padding)


class Network:
    def __init__(self, program, weights, layout):
        self.program = program
        self.channels_last = layout == "channels_last"
        self.tensors = []
        for shape, kind, offset in program["weights"]:
            count = 1
            for s in shape:
                count *= s
            values = weights[offset:offset + count].reshape(shape).clone()
            self.tensors.append(self.placed(values, kind))
        trained = [t for t, (_, kind, _) in zip(self.tensors, program["weights"]) if kind != "state"]
        for t in trained:
            t.requires_grad_(True)
        self.trained = trained
        self.optimizer = torch.optim.SGD(
            trained, lr=0.01, momentum=program["momentum"], nesterov=program["nesterov"],
            weight_decay=program["decay"], fused=True)

    def placed(self, values, kind):
        """A weight as PyTorch has it: [out, in, k, k]; depthwise [channels, 1, k, k]."""
        if kind == "dense":
            values = values.permute(3, 2, 0, 1)
        elif kind == "depthwise":
            values = values.permute(2, 3, 0, 1)
        elif kind == "pointwise":
            values = values.t()[:, :, None, None]
        values = values.contiguous()
        if self.channels_last and values.dim() == 4:
            values = values.contiguous(memory_format=torch.channels_last)
        return values

    def logits(self, images):
        values = {}
        get = lambda ref: images if ref[0] == "images" else \
            self.tensors[ref[1]] if ref[0] == "weight" else values[ref[1]]
        for i, node in enumerate(self.program["nodes"]):
            values[i] = self.apply(node["op"], [get(ref) for ref in node["inputs"]], node["params"])
        return values[len(values) - 1]

    def apply(self, op, x, params):
        if op == "conv2d":
            return convolution(x[0], x[1], params["stride"])
        if op == "depthwise_conv2d":
            return convolution(x[0], x[1], params["stride"], x[0].shape[1])
        if op == "pointwise":
            n = len(x) // 2
            return pointwise(x[:n], x[n:], params["stride"], params["shift"])
        if op == "batch_norm":
            means, variances = (None, None)
            if len(x) == 4:
                c = x[1].shape[0]
                means, variances = x[3][:c], x[3][c:2 * c]
            return F.batch_norm(x[0], means, variances, x[1], x[2], True,
                                1 - params["decay"], params["epsilon"])
        if op == "relu":
            return F.relu(x[0])
        if op == "avg_pool2d":
            return average(x[0], params["k"], params["stride"])
        if op == "max_pool2d":
            return maximum(x[0], params["k"], params["stride"])
        if op == "add":
            return x[0] + x[1]
        if op == "concat":
            return torch.cat(x, 1)
        if op == "global_avg_pool":
            return x[0].mean((2, 3))
        if op == "matmul":
            return x[0] @ x[1]
        raise ValueError(f"{op} is not written for PyTorch")

    def step(self, images, labels):
        loss = F.cross_entropy(self.logits(images), labels)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        if self.program["clip"] is not None:
            torch.nn.utils.clip_grad_norm_(self.trained, self.program["clip"])
        self.optimizer.step()
        return loss


def main():
    request = json.loads(sys.stdin.readline())
    torch.set_num_threads(request["threads"])
    with open(request["program"]) as file:
        program = json.load(file)
    with open(request["weights"], "rb") as file:
        weights = torch.frombuffer(bytearray(file.read()), dtype=torch.float32)
    n, h, w, c = program["images"]
    pixels = weights[:n * h * w * c].reshape(n, h, w, c).permute(0, 3, 1, 2)
    labels = torch.arange(n) % 10
    networks = {}
    print(json.dumps({"parameters": program["parameters"]}), flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        layout = request["layout"]
        if layout not in networks:
            networks[layout] = Network(program, weights, layout)
        network = networks[layout]
        last = layout == "channels_last"
        images = pixels.contiguous(memory_format=torch.channels_last if last else torch.contiguous_format)
        start = time.perf_counter()
        if request.get("forward"):
            with torch.no_grad():
                loss = [network.logits(images) for _ in range(request["steps"])][-1].sum().item()
        else:
            loss = [network.step(images, labels).detach() for _ in range(request["steps"])][0].item()
        ms = 1000 * (time.perf_counter() - start) / request["steps"]
        print(json.dumps({"loss": loss, "ms": ms}), flush=True)


if __name__ == "__main__":
    main()
