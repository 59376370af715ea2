"""How long steps wait for data on a server whose answers take 20 ms, with and without the cache, beside the same run from the disk.

The runs take turns, on the same samples in the same order, and must end with the same weights. The first window of steps does not count: its
texts are read while training waits for the first batch.
"""
import argparse
import gzip
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
FLM = ROOT / "deploy/flm"
EMOJI = ROOT / "data-stream/emoji"
STYLES = ["fluent", "noto", "twemoji"]
WINDOW = 20  # flm.data.group-window


class Server:
    """Serves the files of a folder by ranges, each answer late."""

    def __init__(self, folder, latency):
        self.requests, self.bytes, self.under_way, self.most = 0, 0, 0, 0
        self.lock = threading.Lock()
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_GET(self):
                with server.lock:
                    server.requests += 1
                    server.under_way += 1
                    server.most = max(server.most, server.under_way)
                time.sleep(latency)
                file = folder / self.path.lstrip("/")
                if file.is_file():
                    size = file.stat().st_size
                    first, last = self.headers["Range"].removeprefix("bytes=").split("-")
                    first, last = int(first), min(int(last), size - 1)
                    with open(file, "rb") as opened:
                        opened.seek(first)
                        content = opened.read(last - first + 1)
                    self.send_response(206)
                    self.send_header("ETag", f'"{size}"')
                    self.send_header("Content-Range", f"bytes {first}-{last}/{size}")
                else:
                    content = b""
                    self.send_response(404)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)
                with server.lock:
                    server.bytes += len(content)
                    server.under_way -= 1

            def log_message(self, *_):
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        threading.Thread(target=self.http.serve_forever, daemon=True).start()
        self.port = self.http.server_address[1]


def pretrain(folder, data, options, more):
    """The metrics of each step, the hash of the weights."""
    done = subprocess.run(
        [str(FLM), "pretrain", "--preset", options.preset, "--data", data, "--tokenizer", str(EMOJI / "tokenizer-emoji-2k.json"),
         "--steps", str(options.steps), "--threads", "1", "--hold-out", "0", "--run", str(folder), "--json",
         "--set", "flm.data.order-window=2", "--set", f"flm.data.group-window={WINDOW}", "--set", "flm.data.cache-size=0", *more],
        capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"pretrain {data} failed: {done.stderr[-2000:]}")
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    return lines, json.loads(done.stdout.splitlines()[-1])["weightsSha256"]


def main():
    parser = argparse.ArgumentParser(prog="tests/benchmark/run remote", description=__doc__)
    parser.add_argument("preset", nargs="?", default="emoji")
    parser.add_argument("--steps", type=int, default=120, help="of a turn; the first window of 20 does not count")
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--latency", type=float, default=20, help="ms of each answer")
    parser.add_argument("--connections", type=int, default=16, help="flm.data.remote.connections")
    parser.add_argument("--json", action="store_true", help="print one JSON object as the last line")
    options = parser.parse_args()
    if options.steps < 2 * WINDOW:
        parser.error(f"--steps: give {2 * WINDOW} or more")
    waits, steps, asked, hashes = {}, {}, {}, set()
    with tempfile.TemporaryDirectory() as temporary:
        work = Path(temporary)
        for style in STYLES:
            with gzip.open(EMOJI / f"emoji-{style}.tar.gz") as packed, open(work / f"s-{style}.tar", "wb") as shard:
                shutil.copyfileobj(packed, shard)
        names = "{" + ",".join(STYLES) + "}"
        for turn in range(options.turns):
            for name in ["disk", "server", "server, cache", "server, cache of before"]:
                server = Server(work, options.latency / 1000)
                data = f"{work}/s-{names}.tar" if name == "disk" else f"http://127.0.0.1:{server.port}/s-{names}.tar"
                more = ["--set", f"flm.data.remote.connections={options.connections}"]
                if "cache" in name:
                    # The address is a part of what is kept: the second run with the cache asks the same server.
                    server = kept if name.endswith("before") else server
                    kept = server
                    data = f"http://127.0.0.1:{server.port}/s-{names}.tar"
                    more += ["--set", f"flm.data.remote.cache-folder={work}/cache-{turn}",
                             "--set", "flm.data.remote.cache-size=1GiB"]
                server.requests, server.bytes, server.most = 0, 0, 0
                lines, weights = pretrain(work / f"run-{turn}-{name.replace(', ', '-').replace(' ', '-')}", data, options, more)
                counted = lines[WINDOW:]
                waits.setdefault(name, []).extend(line["dataMs"] for line in counted)
                steps.setdefault(name, []).extend(
                    sum(line[part] for part in ("forwardMs", "backwardMs", "exchangeMs", "optimizerMs")) for line in counted)
                asked.setdefault(name, []).append((server.requests, server.bytes, server.most))
                hashes.add(weights)
                print(f"{name}: waits {statistics.median(waits[name]):.2f} ms a step so far", file=sys.stderr, flush=True)
    if len(hashes) != 1:
        sys.exit(f"the runs end with {len(hashes)} different weights")
    result = {}
    print(f"{options.preset}, {options.turns} turns of {options.steps} steps, {options.latency:g} ms an answer,"
          f" {options.connections} connections; ms a step waits for data:")
    print(f"{'':24} {'median':>8} {'p99':>8} {'max':>8} {'of a step':>10} {'requests':>9} {'MB':>7} {'at a time':>9}")
    for name, all_waits in waits.items():
        ordered = sorted(all_waits)
        median, p99, most = statistics.median(ordered), ordered[int(0.99 * (len(ordered) - 1))], ordered[-1]
        share = sum(ordered) / (sum(ordered) + sum(steps[name]))
        requests, size, at_a_time = (max(values) for values in zip(*asked[name]))
        print(f"{name:24} {median:8.2f} {p99:8.2f} {most:8.2f} {100 * share:9.1f}% {requests:9} {size / 1e6:7.1f} {at_a_time:9}")
        result[name] = {"medianMs": median, "p99Ms": p99, "maxMs": most, "share": share, "requests": requests, "bytes": size,
                        "atATime": at_a_time}
    if options.json:
        print(json.dumps(result))


if __name__ == "__main__":
    main()
