"""Steps/s of two workers in one process and in two, and how much of the exchange between them hides behind backward.

The runs take turns. A step's wait for the exchange, less what workers of one process wait for each other too, is what the exchange
costs; beside it stands what an all-reduce of as many gradients takes alone.
"""
import argparse
import json
import re
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import exchange

FLM = Path(__file__).resolve().parent.parent.parent / "deploy/flm"
RUNS = {
    "1 node": ["--workers", "2"],
    "2 nodes": ["--nodes", "2", "--workers", "1"],
    "2 nodes, udp": ["--nodes", "2", "--workers", "1", "--set", "flm.exchange.shared-memory=false"],
}
EXCHANGES = {"2 nodes": [], "2 nodes, udp": ["shared-memory=false"]}


def pretrain(preset, steps, more):
    """The metrics of each step, the number of parameters, the weights' hash."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "run"
        done = subprocess.run(
            [str(FLM), "pretrain", "--preset", preset, "--steps", str(steps), "--threads", "1", "--run", str(folder), "--json",
             "--set", "flm.data.eval-paths=", "--set", "flm.train.warmup-steps=10", *more], capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"pretrain {' '.join(more)} failed: {done.stderr[-2000:]}")
        parameters = int(re.search(r"([\d,]+) parameters", done.stderr)[1].replace(",", ""))
        lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
        return lines, parameters, json.loads(done.stdout.splitlines()[-1])["weightsSha256"]


def main():
    parser = argparse.ArgumentParser(prog="tests/benchmark/run nodes", description=__doc__)
    parser.add_argument("preset", nargs="?", default="emoji")
    parser.add_argument("--steps", type=int, default=160, help="of a turn; the first third does not count")
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--json", action="store_true", help="print one JSON object as the last line")
    options = parser.parse_args()
    if options.steps < 30:
        parser.error("--steps: give 30 or more")
    exchange.WORK.mkdir(exist_ok=True)
    speeds, waits, hashes, parameters = {}, {}, set(), 0
    for _ in range(options.turns):
        for name, more in RUNS.items():
            lines, parameters, weights = pretrain(options.preset, options.steps, more)
            counted = lines[options.steps // 3:]
            seconds = counted[-1]["seconds"] - counted[0]["seconds"]
            speeds.setdefault(name, []).append((len(counted) - 1) / seconds)
            waits.setdefault(name, []).append(statistics.median(line["exchangeMs"] for line in counted))
            hashes.add(weights)
            print(f"{name}: {speeds[name][-1]:.2f} steps/s, waits {waits[name][-1]:.2f} ms a step", file=sys.stderr, flush=True)
    megabytes = parameters * 4 / 1e6
    among_threads = statistics.median(waits["1 node"])
    one = statistics.median(speeds["1 node"])
    results = []
    print(f"{options.preset}: {parameters:,} parameters, {megabytes:.1f} MB of gradients a step;"
          f" weights {'the same' if len(hashes) == 1 else 'DIFFER'}")
    for name in RUNS:
        speed, wait = statistics.median(speeds[name]), statistics.median(waits[name])
        result = {"run": name, "stepsPerSecond": speed, "ofOneNode": speed / one, "waitMs": wait}
        text = f"{name}: {speed:.2f} steps/s, {speed / one:.2f} of one node's; waits {wait:.2f} ms a step"
        if name in EXCHANGES:
            alone = statistics.median(
                exchange.turn(name, exchange.ours("fp32", EXCHANGES[name]), 2, [f"{megabytes:.1f}"])[0]["medianMs"]
                for _ in range(options.turns))
            result |= {"aloneMs": alone, "hidden": 1 - (wait - among_threads) / alone}
            text += f", {wait - among_threads:.2f} more than threads do; alone an all-reduce takes {alone:.2f} ms: {result['hidden']:.0%} hidden"
        results.append(result)
        print(text)
    if options.json:
        print(json.dumps(results))
    sys.exit(0 if len(hashes) == 1 else 1)


if __name__ == "__main__":
    main()
