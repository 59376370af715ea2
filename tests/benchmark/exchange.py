"""The all-reduce of flat float32 gradients over loopback, beside Gloo (through PyTorch) and OpenMPI over TCP.

Contenders take turns. A turn starts a contender's processes anew; they warm up, and give the median of each size.
"""
import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
SOURCES = HERE / "exchange"
WORK = HERE / ".work"
PATIENCE_S = 600
OPEN_MPI = ["--allow-run-as-root", "--oversubscribe", "--mca", "btl", "tcp,self", "--mca", "btl_tcp_if_include", "lo"]


def ours(codec, settings):
    java = os.path.join(os.environ["JAVA_HOME"], "bin/java") if "JAVA_HOME" in os.environ else "java"
    classes = f"{ROOT}/tests/target/test-classes:{ROOT}/param-server/target/classes:" + (ROOT / "deploy/target/classpath").read_text().strip()

    def commands(processes, folder, sizes):
        return [[java, "-Xmx1500m", "-XX:+UseSerialGC", "-XX:MaxDirectMemorySize=4g",
                 "--add-opens=java.base/jdk.internal.misc=ALL-UNNAMED"]
                + [f"-Dflm.exchange.{setting}" for setting in settings]
                + ["-cp", classes, "io.flm.benchmark.ExchangeProcess", str(rank), str(processes), folder, codec] + sizes
                for rank in range(processes)]
    return commands


def gloo(processes, folder, sizes):
    return [[sys.executable, str(SOURCES / "gloo_all_reduce.py"), str(rank), str(processes), folder] + sizes
            for rank in range(processes)]


def compiled(compiler, name):
    program = WORK / name
    subprocess.run([compiler, "-O3", "-march=native", "-o", program, SOURCES / f"{name}.c"], check=True)
    return str(program)


def open_mpi():
    """None where there is no OpenMPI."""
    compiler, starter = shutil.which("mpicc.openmpi"), shutil.which("mpirun.openmpi")
    if not compiler or not starter:
        print("mpicc.openmpi was not found, so OpenMPI is left out; for it: apt-get install openmpi-bin libopenmpi-dev gcc",
              file=sys.stderr)
        return None
    program = compiled(compiler, "all_reduce")
    return lambda processes, folder, sizes: [[starter] + OPEN_MPI + ["-np", str(processes), program] + sizes]


def datagrams():
    """What UDP lets through where nothing is done with it; None without a C compiler."""
    compiler = shutil.which("cc")
    if not compiler:
        return None
    program = compiled(compiler, "datagrams")
    return lambda processes, folder, sizes: [[program, str(rank), str(processes), folder] + sizes for rank in range(2)]


def turn(name, commands, processes, sizes):
    """One start of a contender's processes; the results of its rank 0."""
    with tempfile.TemporaryDirectory(dir=WORK) as folder:
        log = Path(folder) / "log"
        with open(log, "w") as errors:
            started = [subprocess.Popen(command, text=True, stdout=subprocess.PIPE, stderr=errors)
                       for command in commands(processes, folder, sizes)]
            try:
                out = [process.communicate(timeout=PATIENCE_S)[0] for process in started]
            finally:
                for process in started:
                    process.kill()
        if any(process.returncode for process in started):
            sys.exit(f"{name} ended with {[process.returncode for process in started]}; its messages end with:\n"
                     + "".join(log.read_text().splitlines(keepends=True)[-12:]))
        return [json.loads(line) for line in out[0].splitlines() if line.startswith("{")]


def main():
    parser = argparse.ArgumentParser(prog="tests/benchmark/run exchange", description=__doc__)
    parser.add_argument("--sizes", default="1,4,40,400", help="in MB")
    parser.add_argument("--processes", default="2,4")
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--only", action="append", metavar="CONTENDER", help="leave the others out")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="a key of flm.exchange")
    parser.add_argument("--json", action="store_true", help="print one JSON object as the last line")
    options = parser.parse_args()
    WORK.mkdir(exist_ok=True)
    contenders = {"flm": ours("fp32", options.set), "gloo": gloo, "openmpi": open_mpi(),
                  "flm bf16": ours("bf16", options.set), "flm udp": ours("fp32", options.set + ["shared-memory=false"]),
                  "datagrams": datagrams()}
    contenders = {name: commands for name, commands in contenders.items()
                  if commands and (not options.only or name in options.only)}
    results = []
    for processes in map(int, options.processes.split(",")):
        medians = {}
        for _ in range(options.turns):
            for name, commands in contenders.items():
                if name == "datagrams" and processes != 2:
                    continue
                for line in turn(name, commands, processes, options.sizes.split(",")):
                    medians.setdefault(line["megabytes"], {}).setdefault(name, []).append(line["medianMs"])
        for megabytes, by_name in sorted(medians.items()):
            ms = {name: statistics.median(values) for name, values in by_name.items()}
            result = {"processes": processes, "megabytes": megabytes, "medianMs": ms}
            others = [ms[name] for name in ("gloo", "openmpi") if name in ms]
            if others:
                result["ratio"] = {name: min(others) / value for name, value in ms.items() if name.startswith("flm")}
            results.append(result)
            speeds = ", ".join(f"{name} {megabytes / value:.2f}" for name, value in ms.items())
            ratios = ", ".join(f"{name} {value:.2f}" for name, value in result.get("ratio", {}).items())
            print(f"{processes} processes, {megabytes:g} MB, in GB/s: {speeds}"
                  + (f"; of the best other's: {ratios}" if ratios else ""), flush=True)
    if options.json:
        print(json.dumps(results))


if __name__ == "__main__":
    main()
