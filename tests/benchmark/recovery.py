"""Kills nodes of a run, again and again: the time from SIGKILL to the next committed step, and what is left of it all.

A run of three local nodes (tiny preset) goes on for as long as it takes; when all train, one is killed at a random moment, and its
driver starts another one. Then the run is stopped, and one undisturbed process trains the same number of steps: equal weights, or
exit 1. Beside it what the driver, which lives through all of it, the node that lived longest, and the shared memory have grown by.
"""
import argparse
import json
import os
import random
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent
FLM = HERE.parent.parent / "deploy/flm"
LIMIT_S = 60  # a change that takes longer counts as a hang
READY_S = 300  # likewise; a node that was killed soon after its start, again and again, is started again after a minute


def pretrain(folder, steps, *more):
    out = open(f"{folder}.out", "w+")  # of the last of several that resume one another
    process = subprocess.Popen(
        [str(FLM), "pretrain", "--preset", "tiny", "--steps", str(steps), "--threads", "1", "--run", str(folder), "--json",
         # The weights of a step may not depend on how many follow.
         "--set", "flm.train.schedule=constant", "--set", "flm.train.warmup-steps=10",
         "--set", "flm.data.eval-paths=", "--set", "flm.checkpoint.every-steps=100", *more],
        stdout=out, stderr=open(f"{folder}.err", "w"))
    return process, out


def result(process, out, folder):
    if process.wait() != 0:
        sys.exit(f"{folder}: pretrain failed: " + Path(f"{folder}.err").read_text()[-2000:])
    out.seek(0)
    return json.loads(out.read().splitlines()[-1])


class Undisturbed:
    """One process that trains alone; on request beside the killed run, from where it was to where that is, again and again."""

    def __init__(self, folder, watch, sets, beside):
        self.folder, self.watch, self.sets = folder, watch, sets
        self.steps = 0
        self.process = None
        self.thread = threading.Thread(target=self.follow if beside else lambda: None, daemon=True)
        self.thread.start()

    def follow(self):
        while not self.watch.ended:
            if self.watch.step > self.steps + 10_000:
                self.until(self.watch.step)
            time.sleep(1)

    def until(self, steps):
        self.process, out = pretrain(self.folder, steps, *(["--resume"] if self.steps else []), *self.sets)
        answer = result(self.process, out, self.folder)
        self.steps = steps
        return answer

    def end(self, steps):
        self.thread.join()
        return self.until(steps)


class Watch:
    """When each step's line appeared in the run's metrics, and how the coordinator is reached."""

    def __init__(self, folder):
        self.folder = folder
        self.step = -1
        self.at = {}
        self.ended = False
        self.thread = threading.Thread(target=self.follow, daemon=True)
        self.thread.start()

    def follow(self):
        while not self.ended:
            try:
                with open(self.folder / "metrics.jsonl", "rb") as file:
                    file.seek(max(0, file.seek(0, os.SEEK_END) - 4096))
                    whole = [line for line in file.read().split(b"\n")[1:-1] if line]
                step = json.loads(whole[-1])["step"] if whole else self.step
                now = time.monotonic()
                for s in range(self.step + 1, step + 1):
                    self.at[s] = now
                self.step = max(self.step, step)
            except (OSError, ValueError):
                pass  # not there yet, or being rewritten
            time.sleep(0.01)

    def nodes(self):
        """Living nodes, the oldest, which has the coordinator, first. One that was killed comes back under its name."""
        found = []
        for file in (self.folder / "nodes").glob("*.json"):
            try:
                node = json.loads(file.read_text())
                stat = Path(f"/proc/{node['pid']}/stat").read_text()
                node["began"] = int(stat.rpartition(")")[2].split()[19])
                found.append(node)
            except (OSError, ValueError):
                pass
        return sorted(found, key=lambda node: node["began"])

    def get(self, path):
        for node in self.nodes():
            try:
                with urllib.request.urlopen(f"http://{node['http']}/api/v1{path}", timeout=2) as answer:
                    return json.load(answer)
            except (urllib.error.URLError, OSError, ValueError):
                pass
        return {}

    def ready(self, count):
        run = self.get("/run")
        members = [w for w in run.get("workers", []) if w.get("rank", -1) >= 0]
        return run.get("state") == "training" and len(members) == count and len(self.nodes()) == count


def wait(what, condition, limit=LIMIT_S):
    end = time.monotonic() + limit
    while not condition():
        if time.monotonic() > end:
            sys.exit(f"not within {limit} s: {what}")
        time.sleep(0.05)


def kill(watch, victim):
    """Seconds from the kill to the next committed step."""
    before = watch.get("/run").get("generation", 0)
    began = time.monotonic()
    os.kill(victim["pid"], signal.SIGKILL)
    last = watch.step
    first = []

    def regrouped():
        newer = [g for g in (watch.get("/generations") or []) if g["number"] > before]
        first[:] = [g["firstStep"] for g in newer[:1]]
        return bool(first)

    wait("a new generation", regrouped)
    step = max(first[0], last + 1)  # one that was committed before is of no interest
    wait(f"step {step}", lambda: step in watch.at)
    return watch.at[step] - began


def shared_memory():
    """Files in shared memory."""
    return {f for f in Path("/dev/shm").rglob("*") if f.is_file()}


def resources(pid):
    """What a process holds: MB of resident memory, threads, open files."""
    status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return {"residentMb": int(status["VmRSS"].split()[0]) // 1000, "threads": int(status["Threads"]),
            "files": len(os.listdir(f"/proc/{pid}/fd"))}


def driver_of(process):
    """The JVM that deploy/flm has become, or has started."""
    below = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    java = Path(f"/proc/{process.pid}/exe").resolve().name == "java"
    return process.pid if java or not below else int(below[0])


def main():
    parser = argparse.ArgumentParser(prog="tests/benchmark/run recovery", description=__doc__)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--minutes", type=float, help="kill for so long instead; the undisturbed process trains beside it, or it would take as"
                        " long again")
    parser.add_argument("--nodes", type=int, default=3)
    parser.add_argument("--between", type=float, default=15,
                        help="seconds of training before a kill: up to twice so many, so many on average (default: %(default)s)")
    parser.add_argument("--victim", choices=["worker", "coordinator", "any"], default="worker",
                        help="whether the coordinator's node, the oldest, is killed (default: worker, another one; any: another one"
                             " for the first half, so that there is a node that lives for long, then whichever)")
    parser.add_argument("--seed", type=int, default=1, help="of the moments and the victims")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="a key of the configuration")
    parser.add_argument("--json", action="store_true", help="print one JSON object as the last line")
    options = parser.parse_args()
    chance = random.Random(options.seed)
    sets = [x for s in options.set for x in ("--set", s)]
    before = shared_memory()
    temporary = Path(tempfile.mkdtemp(prefix="flm-recovery-"))
    print(f"in {temporary}, which stays where something fails", file=sys.stderr)
    folder = temporary / "killed"
    process, out = pretrain(folder, 1_000_000, "--nodes", str(options.nodes), *sets)
    watch = Watch(folder)
    alone = Undisturbed(temporary / "alone", watch, sets, beside=options.minutes)
    times = []
    held = {"driver": [], "oldest": []}
    began = time.monotonic()
    try:
        while True:
            done = (time.monotonic() - began) / 60 / options.minutes if options.minutes else len(times) / options.kills
            if done >= 1:
                break
            wait(f"{options.nodes} nodes that train", lambda: watch.ready(options.nodes), READY_S)
            time.sleep(chance.uniform(0, 2 * options.between))
            nodes = watch.nodes()
            choice = {"worker": nodes[1:], "coordinator": nodes[:1], "any": nodes[1:] if done < 0.5 else nodes}[options.victim]
            if nodes[0] not in choice:
                held["oldest"].append(resources(nodes[0]["pid"]))
            times.append(kill(watch, chance.choice(choice)))
            held["driver"].append(resources(driver_of(process)))
            print(f"kill {len(times)}: {times[-1]:.2f} s, step {watch.step}, driver {held['driver'][-1]},"
                  f" oldest node {held['oldest'][-1:]}", file=sys.stderr, flush=True)
        minutes = (time.monotonic() - began) / 60
        subprocess.run([str(FLM), "stop", "--run", str(folder)], check=True, stdout=subprocess.DEVNULL)
        killed = result(process, out, folder)
    except BaseException:
        if alone.process:
            alone.process.terminate()
        raise
    finally:
        watch.ended = True
        process.terminate()
        process.wait()
    same = alone.end(killed["steps"])["weightsSha256"] == killed["weightsSha256"]
    left = len(shared_memory() - before)
    if same:
        shutil.rmtree(temporary)
    # The sixth time each has all that a run needs.
    grown = {who: {"early": all[min(5, len(all) - 1)], "end": all[-1]} for who, all in held.items() if all}
    summary = {"kills": len(times), "medianS": statistics.median(times), "worstS": max(times), "bestS": min(times),
               "minutes": round(minutes, 1), "steps": killed["steps"], "sameWeights": same,
               **grown, "sharedMemoryFiles": left}
    print(f"SIGKILL of {options.victim} nodes to the next committed step, {len(times)} times in {minutes:.0f} minutes:"
          f" median {summary['medianS']:.2f} s, {summary['bestS']:.2f} to {summary['worstS']:.2f} s;"
          f" weights after {killed['steps']} steps {'the same' if summary['sameWeights'] else 'DIFFER'}")
    for who, held in grown.items():
        print(f"{who}: early {held['early']}, at the end {held['end']}")
    print(f"left in shared memory: {left} files")
    if options.json:
        print(json.dumps(summary))
    sys.exit(0 if summary["sameWeights"] else 1)


if __name__ == "__main__":
    main()
