"""One PyTorch contender in a process of its own: runs as many steps as a line of standard input says, and answers in JSON.

Arguments: usual or same, the folder with weights and batches, the settings that the Java side announced, threads, device.
A line "flops" counts the operations of the steps so far, and what rate a large matrix product has on the device.
"""
import contextlib
import json
import sys
import time
import torch
from safetensors import safe_open
from safetensors.torch import load_file
from torch.utils.flop_counter import FlopCounterMode
import flm_torch

kind, folder, settings, threads, device = sys.argv[1], sys.argv[2], json.loads(sys.argv[3]), int(sys.argv[4]), sys.argv[5]
on_gpu = device != "cpu"
bf16 = settings["train"]["precision"] == "bf16"
torch.set_num_threads(threads)
torch.manual_seed(0)
torch.set_default_device(device)
sizes = flm_torch.Sizes(settings["model"], settings["train"])
contender = {"usual": flm_torch.Usual, "same": flm_torch.SameWork}[kind](
    load_file(folder + "/weights.safetensors", device), sizes)
batches = safe_open(folder + "/batches.safetensors", "pt", device)
names = list(batches.keys())


def batch(step):
    prefix = f"{step}."
    return contender.batch({n[len(prefix):]: batches.get_tensor(n) for n in names if n.startswith(prefix)})


def compute(b):
    with torch.autocast("cuda" if on_gpu else "cpu", torch.bfloat16) if bf16 else contextlib.nullcontext():
        return contender.forward(b)


def now():
    if on_gpu:
        torch.cuda.synchronize()
    return time.perf_counter()


def product_rate():
    """Operations a second of a large matrix product in the precision of the run."""
    a, b = (torch.randn(8192, 8192, dtype=torch.bfloat16 if bf16 else torch.float32) for _ in range(2))
    times = []
    for _ in range(20):
        begin = now()
        torch.matmul(a, b)
        times.append(now() - begin)
    return 2 * 8192**3 / sorted(times)[len(times) // 2]


def operations(steps):
    """Of forward and backward: those of matrix products and attention."""
    counts = []
    for step in range(steps):
        with FlopCounterMode(display=False) as counter:
            compute(batch(step)).backward()
        counts.append(counter.get_total_flops())
    return counts


at = 0
print(json.dumps({"ready": torch.__version__}), flush=True)
for line in sys.stdin:
    if not line.strip():
        break
    if line.strip() == "flops":
        print(json.dumps({"flops": operations(at), "productRate": product_rate()}), flush=True)
        continue
    steps = []
    for _ in range(int(line)):
        b = batch(at)
        begin, cpu = now(), time.process_time()
        loss = compute(b)
        value = loss.item()
        forward = time.perf_counter()
        loss.backward()
        backward = now()
        contender.update()
        end, cpu = now(), time.process_time() - cpu
        steps.append({
            "ms": 1e3 * (end - begin),
            "cpu": 1e3 * cpu,
            "forward": 1e3 * (forward - begin),
            "backward": 1e3 * (backward - forward),
            "optimizer": 1e3 * (end - backward),
            "loss": value})
        at += 1
    print(json.dumps({"steps": steps}), flush=True)
