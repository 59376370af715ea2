"""One process of the all-reduce benchmark, over Gloo. Arguments: rank, processes, folder, sizes in MB."""
import json
import sys
import time

import torch
import torch.distributed as dist

# The same in all_reduce.c and in ExchangeProcess.java.
WARM_UP_COUNT, WARM_UP_MEGABYTES = 800, 4
MEASURED_MEGABYTES, FEWEST, MOST = 1200, 7, 60


def measure(rank, processes, megabytes, count):
    pattern = torch.arange(int(megabytes * 1e6 / 4)) % 97
    expected = (processes * pattern + processes * (processes - 1) // 2).float()
    seconds = []
    for turn in range(-max(3, count // 3), count):
        values = (pattern + rank).float()
        dist.barrier()
        begin = time.perf_counter()
        dist.all_reduce(values)
        if turn >= 0:
            seconds.append(time.perf_counter() - begin)
        assert torch.equal(values, expected)
    return sorted(seconds)


def main():
    rank, processes, folder = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{folder}/store", rank=rank, world_size=processes)
    values = torch.zeros(int(WARM_UP_MEGABYTES * 1e6 / 4))
    for _ in range(WARM_UP_COUNT):
        dist.all_reduce(values)
    for megabytes in map(float, sys.argv[4:]):
        count = int(max(FEWEST, min(MOST, MEASURED_MEGABYTES / megabytes)))
        seconds = measure(rank, processes, megabytes, count)
        if rank == 0:
            print(json.dumps({"megabytes": megabytes, "medianMs": seconds[count // 2] * 1e3, "bestMs": seconds[0] * 1e3}),
                  flush=True)
    dist.destroy_process_group()


main()
