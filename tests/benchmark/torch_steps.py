"""One PyTorch contender in a process of its own: runs as many steps as a line of standard input says, and answers in JSON.

Arguments: usual or same, the folder with weights and batches, the settings that the Java side announced, threads.
"""
import json
import sys
import time
import torch
from safetensors import safe_open
from safetensors.torch import load_file
import flm_torch

kind, folder, settings, threads = sys.argv[1], sys.argv[2], json.loads(sys.argv[3]), int(sys.argv[4])
torch.set_num_threads(threads)
torch.manual_seed(0)
sizes = flm_torch.Sizes(settings["model"], settings["train"])
contender = {"usual": flm_torch.Usual, "same": flm_torch.SameWork}[kind](
    load_file(folder + "/weights.safetensors"), sizes)
batches = safe_open(folder + "/batches.safetensors", "pt")
names = list(batches.keys())
at = 0
print(json.dumps({"ready": torch.__version__}), flush=True)
for line in sys.stdin:
    if not line.strip():
        break
    steps = []
    for _ in range(int(line)):
        prefix = f"{at}."
        batch = contender.batch({n[len(prefix):]: batches.get_tensor(n) for n in names if n.startswith(prefix)})
        begin, cpu = time.perf_counter(), time.process_time()
        loss = contender.forward(batch)
        value = loss.item()
        forward = time.perf_counter()
        loss.backward()
        backward = time.perf_counter()
        contender.update()
        end, cpu = time.perf_counter(), time.process_time() - cpu
        steps.append({
            "ms": 1e3 * (end - begin),
            "cpu": 1e3 * cpu,
            "forward": 1e3 * (forward - begin),
            "backward": 1e3 * (backward - forward),
            "optimizer": 1e3 * (end - backward),
            "loss": value})
        at += 1
    print(json.dumps({"steps": steps}), flush=True)
