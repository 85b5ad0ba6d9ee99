"""The part that scripts of single ops share: requests, and the order of axes.

Reads one request a line. {"op", "params", "shapes", "batched", "file"}: float32 inputs one after the other, images as
[n, h, w, c]; answers {"shape": of the result} in the same order, or {"unable": why}. Then {"dy": file of its gradient},
answered by {}. Then {"pass", "samples"} any number of times, answered by {"ms", "sum", "magnitude"}.
"""
import json
import sys

# Of images from [n, h, w, c] to [n, c, h, w], of weights to [co, ci, k, k].
ORDERS = {"images": (0, 3, 1, 2), "conv2d": (3, 2, 0, 1), "depthwise_conv2d": (2, 3, 0, 1)}


def serve(Job):
    """Job(request) has `f`, None where its op is not compared, `shape()`, `take(file)` and `measure(pass, samples)`."""
    job = None
    for line in sys.stdin:
        request = json.loads(line)
        if "op" in request:
            job = Job(request)
            answer = {"shape": job.shape()} if job.f else {"unable": f"{request['op']} is not compared"}
        elif "dy" in request:
            job.take(request["dy"])
            answer = {}
        else:
            answer = job.measure(request["pass"], request["samples"])
        print(json.dumps(answer), flush=True)
