"""What --dry-run says of a run's memory, beside the peak of its process."""
import argparse
import io
import json
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
FLM = ROOT / "deploy/flm"
TOKENIZER = ROOT / "data-stream/emoji/tokenizer-emoji-2k.json"
MID = ["--preset", "mid", "--workers", "1"]
HEADLINE = ["--preset", "headline", "--workers", "1", "--set", "flm.train.lanes=2"]
SHAPES = {
    "flm": MID,
    "flm, two workers": ["--preset", "mid", "--workers", "2"],
    "flm, batch 64": MID + ["--set", "flm.train.micro-batch=64"],
    "flm, 16 lanes": MID + ["--set", "flm.train.lanes=16", "--set", "flm.train.micro-batch=8"],
    "flm, 20 tokens": MID + ["--set", "flm.data.max-tokens=20"],
    "flm, without dropout": MID + ["--set", "flm.model.dropout=0"],
    "flm, recompute": MID + ["--set", "flm.train.recompute=on"],
    "flm, bf16": MID + ["--set", "flm.train.precision=bf16"],
    "flm, 224 pixels": MID + ["--set", "flm.model.image-size=224", "--set", "flm.train.micro-batch=16"],
    "flm, wide": MID + ["--set", "flm.model.hidden=512", "--set", "flm.model.heads=8", "--set", "flm.model.vocabulary=32000",
                        "--set", "flm.train.micro-batch=8"],
    "mlm": MID + ["--objective", "mlm"],
    "ar, recompute": MID + ["--objective", "ar", "--set", "flm.train.recompute=on"],
    "headline, batch 2": HEADLINE + ["--set", "flm.train.micro-batch=2"],
    "headline, batch 4": HEADLINE + ["--set", "flm.train.micro-batch=4"],
}


def long_texts(path):
    """Emoji with texts longer than any that is trained on: so each batch is as long as it can be."""
    with tarfile.open(ROOT / "data-stream/emoji/emoji-noto.tar.gz") as emoji, tarfile.open(path, "w") as out:
        pictures = [member for member in emoji if member.name.endswith(".png")][:300]
        for number, member in enumerate(pictures):
            for name, data in ((f"{number}.png", emoji.extractfile(member).read()), (f"{number}.txt", b"red cat " * 60)):
                entry = tarfile.TarInfo(name)
                entry.size = len(data)
                out.addfile(entry, io.BytesIO(data))


def estimate(arguments):
    done = subprocess.run([str(FLM), *arguments, "--dry-run", "--json"], capture_output=True, text=True)
    if done.returncode:
        return None, done.stderr.strip()
    return json.loads(done.stdout.splitlines()[-1])["memoryBytes"]["sum"], ""


def peak(arguments, run):
    """deploy/flm becomes the program's process, so its number stays."""
    process = subprocess.Popen([str(FLM), *arguments, "--run", str(run)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    status, most = Path(f"/proc/{process.pid}/status"), 0
    while process.poll() is None:
        try:
            held = [line for line in status.read_text().splitlines() if line.startswith("VmHWM:")]
        except OSError:
            held = []
        if held:
            most = max(most, 1024 * int(held[0].split()[1]))
        time.sleep(0.02)
    if process.returncode:
        sys.exit(f"{' '.join(arguments)}: {process.stderr.read()[-2000:]}")
    return most


def main():
    parser = argparse.ArgumentParser(prog="tests/benchmark/run memory", description=__doc__)
    parser.add_argument("--only", default="", help="shapes whose names hold this")
    parser.add_argument("--steps", type=int, default=4)
    parser.add_argument("--within", type=float, default=0.25)
    parser.add_argument("--json", action="store_true", help="print one JSON object as the last line")
    options = parser.parse_args()
    results = []
    with tempfile.TemporaryDirectory() as temporary:
        data = Path(temporary) / "long.tar"
        long_texts(data)
        for number, (name, shape) in enumerate(SHAPES.items()):
            if options.only not in name:
                continue
            arguments = ["pretrain", *shape, "--data", str(data), "--tokenizer", str(TOKENIZER), "--hold-out", "0", "--steps",
                         str(options.steps), "--set", "flm.checkpoint.every-steps=2", "--set", "flm.data.cache-size=16MiB"]
            estimated, refusal = estimate(arguments)
            if estimated is None:
                print(f"{name}: {refusal}", flush=True)
                continue
            measured = peak(arguments, Path(temporary) / f"run-{number}")
            results.append({"shape": name, "estimatedBytes": estimated, "measuredBytes": measured})
            print(f"{name}: estimated {estimated / 2**20:,.0f} MiB, measured {measured / 2**20:,.0f}: {estimated / measured:.2f}", flush=True)
    if options.json:
        print(json.dumps(results))
    sys.exit(0 if all(abs(r["estimatedBytes"] / r["measuredBytes"] - 1) <= options.within for r in results) else 1)


if __name__ == "__main__":
    main()
