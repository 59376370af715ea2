# Says, as JSON, what torch this Python has. It does not import torch: that takes seconds, and libraries that the bridge does not need.
import importlib.util
import json
import os
import re
import sys

spec = importlib.util.find_spec("torch")
if spec is None or not spec.submodule_search_locations:
    print(json.dumps({"python": sys.executable}))
    sys.exit()

root = list(spec.submodule_search_locations)[0]
names = {}
with open(os.path.join(root, "version.py")) as source:
    exec(source.read(), names)

abi = "1"
config = os.path.join(root, "share", "cmake", "Torch", "TorchConfig.cmake")
if os.path.exists(config):
    with open(config) as source:
        found = re.search(r"_GLIBCXX_USE_CXX11_ABI=(\d)", source.read())
        abi = found.group(1) if found else abi

print(json.dumps({
    "python": sys.executable,
    "root": os.path.realpath(root),
    "version": str(names["__version__"]),
    "cuda": names.get("cuda") or "",
    "abi": abi,
}))
