"""Greedy captions of this program beside the same without kept keys and values, and its beam and sampling, taking turns."""
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
WAYS = {
    "cached": "greedy",
    "recomputing": "greedy, all columns read again",
    "sampling": "sampling, top-p 0.9",
    "beam": "beam of 5",
}


def measure(options, preset, pictures, folder):
    own = folder / "benchmark.conf"
    own.write_text("\n".join([
        f"flm.data.eval-paths = [{json.dumps(str(ROOT / 'data-stream/emoji/emoji-fluent.tar.gz'))}]",
        f"flm.data.tokenizer = {json.dumps(str(ROOT / 'data-stream/emoji/tokenizer-emoji-2k.json'))}",
        *options.set]) + "\n")
    classes = [ROOT / "tests/target/test-classes"] + [ROOT / m / "target/classes" for m in MODULES]
    presets = [] if options.from_ else [ROOT / f"deploy/src/main/resources/presets/{preset}.conf"]
    command = [
        os.path.join(os.environ["JAVA_HOME"], "bin/java") if "JAVA_HOME" in os.environ else "java",
        "-Xmx4g", "-XX:+UseSerialGC", "-Dai.djl.offline=true",
        "--add-opens=java.base/jdk.internal.misc=ALL-UNNAMED", "--add-opens=java.base/java.nio=ALL-UNNAMED",
        "-cp", ":".join(map(str, classes)) + ":" + (ROOT / "deploy/target/classpath").read_text().strip(),
        "io.flm.benchmark.CaptionProcess", options.from_ or "-", pictures, options.tokens, options.turns,
        options.threads, options.device, *presets, own]
    done = subprocess.run(list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT)
    answers = [line for line in done.stdout.splitlines() if line.startswith("{")]
    if done.returncode or not answers:
        sys.exit(f"{preset}: the captions ended early; the messages end with:\n{done.stderr[-2000:]}")
    return json.loads(answers[-1])


def show(preset, pictures, result):
    print(f"\n{preset}, {pictures} at a time, {result['tokens']:.1f} tokens a caption;"
          f" {result['differ']} of {pictures} captions differ without kept keys and values")
    print(f"{'median of a turn':34}{'ms':>10}{'CPU ms':>10}{'captions/s':>12}{'10-90 % ms':>18}")
    for way, name in WAYS.items():
        ms = sorted(turn["ms"] for turn in result[way])
        middle = statistics.median(ms)
        cpu = statistics.median(turn["cpu"] for turn in result[way])
        spread = f"{ms[len(ms) // 10]:.0f}-{ms[len(ms) * 9 // 10]:.0f}"
        print(f"{name:34}{middle:10.1f}{cpu:10.1f}{1e3 * pictures / middle:12.1f}{spread:>18}")
    ratios = {key: statistics.median(t[key] for t in result["recomputing"]) / statistics.median(t[key] for t in result["cached"])
              for key in ("ms", "cpu")}
    print(f"kept keys and values give {ratios['ms']:.1f} times the captions a second, {ratios['cpu']:.1f} times by CPU time")
    return ratios


def main():
    parser = argparse.ArgumentParser(prog="tests/benchmark/run caption", description=__doc__)
    parser.add_argument("presets", nargs="*", metavar="PRESET", help="emoji, mid (default: both), tiny or headline")
    parser.add_argument("--from", dest="from_", metavar="RUN", help="a trained model, whose captions end by themselves")
    parser.add_argument("--pictures", type=int, action="append", help="captions at a time; repeat for more (default: 64 and 1)")
    parser.add_argument("--tokens", type=int, default=30, help="the longest caption")
    parser.add_argument("--turns", type=int, default=9, help="turns that are counted")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--device", default="cpu", help="cpu (the default) or cuda:N")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="a key of the configuration")
    parser.add_argument("--json", action="store_true", help="print one JSON object as the last line")
    options = parser.parse_args()
    results = {}
    wrong = False
    for preset in [options.from_] if options.from_ else options.presets or ["emoji", "mid"]:
        for pictures in options.pictures or [64, 1]:
            with tempfile.TemporaryDirectory() as folder:
                result = measure(options, preset, pictures, Path(folder))
            result["ratios"] = show(preset, pictures, result)
            results[f"{preset}, {pictures}"] = result
            wrong |= result["differ"] > 0
    if options.json:
        print(json.dumps(results))
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
