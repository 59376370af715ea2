"""What a run pays for those who look at it: requests and event streams, of which half stop reading, over loopback.

One run trains all the time; windows with the load and without it take turns. Steps, and the processor time of each thread, are those
of the windows.
"""
import argparse
import collections
import http.client
import json
import os
import re
import select
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

FLM = Path(__file__).resolve().parent.parent.parent / "deploy/flm"
PATHS = ["/api/v1/run", "/api/v1/metrics", "/api/v1/workers", "/metrics", "/api/v1/generations"]
CLIENTS = 4  # addresses that the streams come from: one may hold 1000 connections
ASKERS = 8
TRAINS = re.compile(r"^(trainer-|flm-decode|flm-read)")
SERVES = re.compile(r"^(flm-akka|flm-kept-runs|flm-scheduler|HttpClient)")


class Load:
    """The generator: 'start' and 'stop' come by standard input."""

    def __init__(self, port, streams, rate):
        self.port, self.rate, self.wanted = port, rate, streams
        self.streams, self.poll = {}, select.epoll()
        self.on, self.latencies, self.errors, self.delays, self.lost = False, [], 0, [], 0
        for index in range(ASKERS):
            threading.Thread(target=self.ask, args=(index,), daemon=True).start()
        threading.Thread(target=self.read, daemon=True).start()

    def open(self, index):
        stream = socket.socket()
        reads = index % 2 == 0
        if not reads:
            stream.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        stream.bind((f"127.0.0.{2 + index % CLIENTS}", 0))
        stream.connect(("127.0.0.1", self.port))
        stream.sendall(f"GET /api/v1/events HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\n\r\n".encode())
        stream.setblocking(False)
        self.streams[stream.fileno()] = (stream, index)
        if reads:
            self.poll.register(stream.fileno(), select.EPOLLIN)

    def start(self):
        for index in range(self.wanted):
            self.open(index)
        time.sleep(2)  # the run as it stands is told to all of them
        self.latencies, self.errors, self.delays, self.lost = [], 0, [], 0
        self.on = True

    def stop(self):
        self.on = False
        alive = 0
        for stream, _ in list(self.streams.values()):
            alive += not self.ended(stream)
            stream.close()
        self.streams.clear()
        return {"latenciesMs": self.latencies, "errors": self.errors, "eventDelaysMs": self.delays, "streamsAlive": alive,
                "streamsLost": self.lost, "cpuSeconds": time.process_time()}

    @staticmethod
    def ended(stream):
        """Whether the node has let a stream go; what it has sent before is in the way of knowing."""
        try:
            while stream.recv(1 << 20):
                pass
            return True
        except BlockingIOError:
            return False
        except OSError:
            return True

    def read(self):
        while True:
            for number, _ in self.poll.poll(0.2):
                stream, index = self.streams.get(number, (None, 0))
                if stream:
                    try:
                        self.hear(number, stream, index)
                    except OSError:
                        pass  # closed by stop() meanwhile

    def hear(self, number, stream, index):
        data = stream.recv(1 << 16)
        if not data:
            self.poll.unregister(number)
            self.lost += self.on
        elif index % 50 == 0:
            now = time.time() * 1000
            self.delays += [now - int(at) for at in re.findall(rb'"type":"step".*?"at":(\d+)', data)]

    def ask(self, index):
        connection, due = None, 0
        while True:
            if not self.on:
                time.sleep(0.05)
                connection, due = None, time.monotonic()  # the node lets a connection go that asks nothing
                continue
            due += ASKERS / self.rate
            time.sleep(max(0, due - time.monotonic()))
            begun = time.monotonic()
            try:
                connection = connection or http.client.HTTPConnection("127.0.0.1", self.port, timeout=10, source_address=("127.0.0.9", 0))
                connection.request("GET", PATHS[(index + int(due * 1000)) % len(PATHS)])
                answer = connection.getresponse()
                answer.read()
                self.errors += answer.status >= 400
            except (OSError, http.client.HTTPException):
                self.errors += 1
                connection = None
                continue
            self.latencies.append(1000 * (time.monotonic() - begun))


def generate(port, streams, rate):
    load = Load(port, streams, rate)
    for line in sys.stdin:
        if line.strip() == "start":
            load.start()
            print("{}", flush=True)
        else:
            print(json.dumps(load.stop()), flush=True)


def cpu_by_thread(pid):
    """Seconds of the processor by kind: threads that train, threads that serve, and the others, which are the JVM's."""
    used = collections.Counter()
    for task in Path(f"/proc/{pid}/task").iterdir():
        try:
            name = (task / "comm").read_text().strip()
            fields = (task / "stat").read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue  # has just ended
        kind = "train" if TRAINS.search(name) else "serve" if SERVES.search(name) else "runtime"
        used[kind] += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return used


def memory_mb(pid):
    return int(re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())[1]) / 1024


def steps(folder):
    return (folder / "metrics.jsonl").read_text().count("\n")


def window(pid, folder, seconds):
    """What a window took: steps, seconds of each kind of thread, memory at its end."""
    before, first, begun = cpu_by_thread(pid), steps(folder), time.monotonic()
    time.sleep(seconds)
    after, last, took = cpu_by_thread(pid), steps(folder), time.monotonic() - begun
    return {"steps": last - first, "seconds": took, "cpu": {k: after[k] - before[k] for k in ("train", "serve", "runtime")},
            "memoryMb": memory_mb(pid)}


def percentiles(values):
    ordered = sorted(values)
    return {f"p{p}": ordered[min(len(ordered) - 1, len(ordered) * p // 100)] for p in (50, 90, 99)} | {"max": ordered[-1]} if ordered else {}


def told(values):
    return ", ".join(f"{name} {value:.1f}" for name, value in percentiles(values).items())


def await_node(folder, process):
    for _ in range(1200):
        files = list((folder / "nodes").glob("*.json")) if (folder / "nodes").is_dir() else []
        if files and (folder / "metrics.jsonl").is_file() and steps(folder) > 20:
            node = json.loads(files[0].read_text())
            return node["pid"], int(node["http"].rsplit(":", 1)[1])
        if process.poll() is not None:
            sys.exit("the run has ended before its first steps: " + process.stderr.read()[-2000:])
        time.sleep(0.1)
    sys.exit("the run has not begun within 2 minutes")


def main():
    parser = argparse.ArgumentParser(prog="tests/benchmark/run load", description=__doc__)
    parser.add_argument("preset", nargs="?", default="emoji")
    parser.add_argument("--turns", type=int, default=6, help="a window without the load and one with it")
    parser.add_argument("--seconds", type=float, default=15, help="of a window")
    parser.add_argument("--streams", type=int, default=1000, help="at most 4000")
    parser.add_argument("--rate", type=float, default=200, help="requests a second")
    parser.add_argument("--threads", type=int, default=1, help="of the one worker")
    parser.add_argument("--json", action="store_true", help="print one JSON object as the last line")
    options = parser.parse_args()
    if not 1 <= options.streams <= 4000 or not 1 <= options.rate <= 2000 or options.turns < 1 or options.seconds < 1:
        parser.error("give 1 to 4000 streams, 1 to 2000 requests a second, and windows of 1 s or more")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "run"
        run = subprocess.Popen(
            [str(FLM), "pretrain", "--preset", options.preset, "--steps", "10000000", "--workers", "1", "--threads", str(options.threads),
             "--run", str(folder), "--set", "flm.data.eval-paths=", "--set", "flm.http.connections-per-client=1000",
             "--set", "flm.http.requests-per-second=2000"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        load = None
        try:
            pid, port = await_node(folder, run)
            load = subprocess.Popen(
                ["nice", "-n", "19", sys.executable, __file__, "--generate", str(port), str(options.streams), str(options.rate)],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

            def tell(word):
                load.stdin.write(word + "\n")
                load.stdin.flush()
                return json.loads(load.stdout.readline())

            quiet, loaded, answers = [], [], []
            window(pid, folder, options.seconds)  # the JVM has compiled what trains
            for turn in range(options.turns + 1):
                quiet.append(window(pid, folder, options.seconds))
                tell("start")
                loaded.append(window(pid, folder, options.seconds))
                answers.append(tell("stop"))
                time.sleep(2)
                print(f"turn {turn}: {quiet[-1]['steps']} steps alone, {loaded[-1]['steps']} with the load", file=sys.stderr, flush=True)
            quiet, loaded, answers = quiet[1:], loaded[1:], answers[1:]  # it has compiled what serves, too
        finally:
            for process in (load, run):
                if process:
                    process.terminate()
                    process.wait()
    report(options, quiet, loaded, answers)


def report(options, quiet, loaded, answers):
    def ratio(of):
        return statistics.median(of(b) / of(a) for a, b in zip(quiet, loaded))

    result = {
        "stepTime": ratio(lambda w: w["seconds"] / w["steps"]),
        "trainCpuPerStep": ratio(lambda w: w["cpu"]["train"] / w["steps"]),
        "serveCpuPerSecond": [statistics.median(w["cpu"]["serve"] / w["seconds"] for w in side) for side in (quiet, loaded)],
        "runtimeCpuPerSecond": [statistics.median(w["cpu"]["runtime"] / w["seconds"] for w in side) for side in (quiet, loaded)],
        "memoryMb": [statistics.median(w["memoryMb"] for w in side) for side in (quiet, loaded)],
        "requests": sum(len(a["latenciesMs"]) for a in answers),
        "errors": sum(a["errors"] for a in answers),
        "latencyMs": percentiles([ms for a in answers for ms in a["latenciesMs"]]),
        "eventDelayMs": percentiles([ms for a in answers for ms in a["eventDelaysMs"]]),
        "streamsAlive": [a["streamsAlive"] for a in answers],
    }
    print(f"{options.preset}, {options.streams} event streams of which half stop reading, {options.rate:g} requests/s,"
          f" {options.turns} turns of {options.seconds:g} s:")
    print(f"  with the load a step takes {result['stepTime']:.3f} of its time, and {result['trainCpuPerStep']:.3f} of its processor time in threads that train")
    for name, key in (("threads that serve", "serveCpuPerSecond"), ("threads of the JVM", "runtimeCpuPerSecond")):
        print(f"  {name}: {result[key][0]:.3f} s of a processor a second alone, {result[key][1]:.3f} with the load")
    print(f"  memory: {result['memoryMb'][0]:.0f} MB alone, {result['memoryMb'][1]:.0f} MB with the load")
    print(f"  {result['requests']} requests, {result['errors']} of them failed; ms: " + told([ms for a in answers for ms in a["latenciesMs"]]))
    print("  events of steps arrive after ms: " + told([ms for a in answers for ms in a["eventDelaysMs"]]))
    print(f"  streams that were open at the end of each turn: {', '.join(map(str, result['streamsAlive']))}")
    if options.json:
        print(json.dumps(result))


if sys.argv[1:2] == ["--generate"]:
    generate(int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4]))
else:
    main()
