"""One training step of this program beside PyTorch eager: the same batches, weights and threads, taking turns.

First all train some steps without dropout, and their losses must agree. Then they take turns, dropout as the preset has it.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
MODULES = ("data-stream", "param-server", "gpu-worker", "coordinator", "deploy")
TOLERANCE = 2e-4  # of the loss, of spec section 10 for float32
CHECKED_STEPS = 6
# preset: a turn's steps, turns that are left out, turns that count
PLANS = {"emoji": (10, 3, 15), "mid": (2, 2, 12), "tiny": (10, 2, 5), "headline": (2, 2, 6)}
CONTENDERS = {
    "flm": "this program",
    "same": "PyTorch, same work",
    "usual": "PyTorch, usual",
}
PARTS = ("cpu", "data", "forward", "backward", "exchange", "optimizer")


class Contender:
    def __init__(self, command, log):
        self.log = log
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=open(log, "w"), text=True, cwd=ROOT)

    def answer(self):
        for line in self.process.stdout:
            if line.startswith("{"):
                return json.loads(line)
        tail = "".join(Path(self.log).read_text().splitlines(keepends=True)[-12:])
        sys.exit(f"{' '.join(map(str, self.process.args[:2]))} ended early; its messages end with:\n{tail}")

    def ask(self, line):
        print(line, file=self.process.stdin, flush=True)
        return self.answer()

    def steps(self, count):
        return self.ask(count)["steps"]

    def end(self):
        self.process.stdin.close()
        self.process.wait(60)


def java_command(preset, folder, steps, workers, threads, device, settings):
    classes = [ROOT / "tests/target/test-classes"] + [ROOT / m / "target/classes" for m in MODULES]
    own = folder / "benchmark.conf"
    paths = {
        "paths": [str(ROOT / f"data-stream/emoji/emoji-{style}.tar.gz") for style in ("noto", "twemoji")],
        "tokenizer": str(ROOT / "data-stream/emoji/tokenizer-emoji-2k.json"),
    }
    lines = [f"flm.data.{key} = {json.dumps(value)}" for key, value in paths.items()]
    # A rate that does not change, so that each contender needs only this number.
    lines += ["flm.train.schedule = constant", "flm.train.warmup-steps = 0"] + settings
    own.write_text("\n".join(lines) + "\n")
    return [
        os.path.join(os.environ["JAVA_HOME"], "bin/java") if "JAVA_HOME" in os.environ else "java",
        "-Xmx4g", "-XX:+UseSerialGC", "-Dai.djl.offline=true",
        "--add-opens=java.base/jdk.internal.misc=ALL-UNNAMED", "--add-opens=java.base/java.nio=ALL-UNNAMED",
        "-cp", ":".join(map(str, classes)) + ":" + (ROOT / "deploy/target/classpath").read_text().strip(),
        "io.flm.benchmark.StepProcess", folder, steps, workers, threads, device,
        ROOT / f"deploy/src/main/resources/presets/{preset}.conf", own]


def start(preset, folder, steps, options, names, settings=()):
    """The contenders, ready for their first step. Python's get all the threads of the Java side's workers."""
    threads = options.workers * options.threads
    flm = Contender(
        list(map(str, java_command(
            preset, folder, steps, options.workers, options.threads, options.device, options.set + list(settings)))),
        folder / "flm.log")
    ready = flm.answer()
    contenders = {"flm": flm}
    for name in names:
        if name != "flm":
            announced = json.dumps({"model": ready["model"], "train": ready["train"]})
            contenders[name] = Contender(
                [sys.executable, str(HERE / "torch_steps.py"), name, str(folder), announced, str(threads), options.device],
                folder / f"{name}.log")
            contenders[name].answer()
    return contenders, ready


def check(preset, folder, options):
    """Trains without dropout; the losses before each update must agree, and so must what the updates made of them."""
    contenders, _ = start(preset, folder, CHECKED_STEPS, options, CONTENDERS, ["flm.model.dropout = 0", "flm.train.precision = fp32"])
    losses = {name: [s["loss"] for s in c.steps(CHECKED_STEPS)] for name, c in contenders.items()}
    for c in contenders.values():
        c.end()
    worst = max(abs(x / y - 1) for name in losses for x, y in zip(losses[name], losses["flm"]))
    if not worst < TOLERANCE:
        sys.exit(f"{preset}: the losses do not agree, so a comparison of times would mean nothing: {losses}")
    return worst


def measure(preset, folder, options):
    turn, warm, counted = PLANS[preset]
    if options.turns:
        counted = options.turns
    contenders, ready = start(preset, folder, turn * (warm + counted), options, options.only or CONTENDERS)
    steps = {name: [] for name in contenders}
    for round_ in range(warm + counted):
        for name, c in contenders.items():
            done = c.steps(turn)
            if round_ >= warm:
                steps[name] += done
    ready["deviceBytes"] = {name: device_bytes(c.process.pid) for name, c in contenders.items()}
    if options.device != "cpu" and "same" in contenders:
        ready.update(contenders["same"].ask("flops"))
        ready["flops"] = statistics.mean(ready["flops"][turn * warm:])
    for c in contenders.values():
        c.end()
    return steps, ready


def device_bytes(pid):
    """The CUDA memory of a process, as the driver has it; None where nobody tells."""
    try:
        told = subprocess.run(
            ["nvidia-smi", "--query-compute-apps=pid,used_memory", "--format=csv,noheader,nounits"],
            capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return None
    return next((int(mb) << 20 for p, mb in (line.split(",") for line in told.splitlines()) if int(p) == pid), None)


def summary(steps):
    parts = {part: statistics.median(s[part] for s in steps) for part in PARTS if part in steps[0]}
    times = sorted(s["ms"] for s in steps)
    return {"ms": statistics.median(times), "ms10": times[len(times) // 10], "ms90": times[len(times) * 9 // 10],
            "steps": len(times), **parts}


def show(preset, result):
    lanes, batch = result["lanes"], result["microBatch"]
    print(f"\n{preset}: {lanes} lanes of {batch} samples, {result['workers']} workers of {result['threads']} threads"
          f" here, {result['workers'] * result['threads']} threads in PyTorch;"
          f" losses agree within {result['lossDifference']:.1e}" if "lossDifference" in result else "")
    print(f"{'median of a step, ms':24}{'all':>8}" + "".join(f"{part:>11}" for part in PARTS) + f"{'10-90 %':>16}")
    for name, s in result["contenders"].items():
        parts = "".join(f"{s[p]:11.1f}" if p in s else f"{'':11}" for p in PARTS)
        spread = f"{s['ms10']:.0f}-{s['ms90']:.0f}"
        print(f"{CONTENDERS[name]:24}{s['ms']:8.1f}{parts}{spread:>16}")
    for name, ratio in result["ratios"].items():
        print(f"{CONTENDERS[name]} takes {ratio:.2f} times as long")
    for name, s in result["contenders"].items():
        line = f"{CONTENDERS[name]}: {1e3 * lanes * batch / s['ms']:.0f} samples/s"
        if result["deviceBytes"].get(name):
            line += f", {result['deviceBytes'][name] / 2**30:.1f} GiB of the device's memory"
        if "flops" in result:  # the same for all: padding and recomputation do not count
            rate = result["flops"] / s["ms"] * 1e3
            line += f", {rate / 1e12:.0f} TFLOP/s, {100 * rate / result['productRate']:.0f} % of a large product's"
        print(line)


def main():
    parser = argparse.ArgumentParser(prog="tests/benchmark/run step", description=__doc__)
    parser.add_argument("presets", nargs="*", metavar="PRESET", help="emoji, mid (default: both) or tiny")
    parser.add_argument("--workers", type=int, help="workers of this program (default: 2)")
    parser.add_argument("--threads", type=int, help="threads of each (default: so many that all workers together have 2)")
    parser.add_argument("--device", default="cpu", help="cpu (the default) or cuda:N, which all contenders share")
    parser.add_argument("--turns", type=int, help="turns that are counted")
    parser.add_argument("--only", action="append", choices=list(CONTENDERS), help="leave the other contenders out")
    parser.add_argument("--no-check", action="store_true", help="do not compare the losses first")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="a key of the configuration")
    parser.add_argument("--json", action="store_true", help="print one JSON object as the last line")
    given = parser.parse_args()
    results = {}
    for preset in given.presets or ["emoji", "mid"]:
        if preset not in PLANS:
            parser.error(f"{preset}: give one of {', '.join(PLANS)}")
        options = argparse.Namespace(**vars(given))
        options.workers = given.workers or 2
        options.threads = given.threads or (2 // options.workers or 1)
        result = {}
        (HERE / ".work").mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=HERE / ".work") as folder:
            if not given.no_check:
                result["lossDifference"] = check(preset, Path(folder), options)
            steps, ready = measure(preset, Path(folder), options)
        result.update({
            "lanes": ready["train"]["lanes"], "microBatch": ready["train"]["micro-batch"],
            "workers": options.workers, "threads": options.threads,
            "contenders": {name: summary(s) for name, s in steps.items()}})
        result.update({k: ready[k] for k in ("deviceBytes", "flops", "productRate") if k in ready})
        ours = result["contenders"]["flm"]["ms"]
        result["ratios"] = {n: s["ms"] / ours for n, s in result["contenders"].items() if n != "flm"}
        show(preset, result)
        results[preset] = result
    if given.json:
        print(json.dumps(results))


if __name__ == "__main__":
    main()
