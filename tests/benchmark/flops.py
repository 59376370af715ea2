"""The operations of a step of the model by PyTorch's counter beside those of this program's formula, StepFlops.

Arguments: presets; tiny and emoji without. Weights are of ones, pictures of zeros: what is counted are shapes. One stream stands
for mlm, ar and prefix-lm, whose operations differ in the number of predictions alone.
"""
import argparse
import json
import os
import re
import subprocess
import sys
from pathlib import Path
import torch
import torch.nn.functional as F
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode
import flm_torch

ROOT = Path(__file__).resolve().parent.parent.parent
MODULES = ("data-stream", "param-server", "gpu-worker", "coordinator", "deploy")
ROWS, LENGTH, PREDICTIONS = 8, 12, 3 * 8 * 11


def settings(preset):
    """The flat keys of the preset's model; the benchmark reads no other part of it."""
    text = (ROOT / f"deploy/src/main/resources/presets/{preset}.conf").read_text()
    block = re.search(r"flm\.model \{(.*?)\n\}", text, re.S).group(1)
    model = {key: float(value) if "." in value else int(value) for key, value in re.findall(r"^\s*([\w-]+) = ([\d.]+)$", block, re.M)}
    return {"mlp-ratio": 4, "dropout": 0.0, **model}


def weights(m, one_stream):
    """Packed as SameWork has them."""
    h, w, r, p = m["hidden"], m["image-width"], m["mlp-ratio"], m["patch-size"]
    side = m["image-size"] // p
    t = {}

    def tensor(name, *shape):
        t[name] = torch.full(shape, 0.01).requires_grad_()

    def linear(name, out, into):
        tensor(name + ".weight", out, into)
        tensor(name + ".bias", out)

    def norm(name, width):
        tensor(name + ".weight", width)
        tensor(name + ".bias", width)

    def feed_forward(name):
        linear(name + ".intermediate.dense", r * h, h)
        linear(name + ".output.dense", h, r * h)
        norm(name + ".output.LayerNorm", h)

    def attention(name, own):
        if own:
            linear(name + ".self.qkv", 3 * h, h)
        else:
            linear(name + ".self.query", h, h)
            linear(name + ".self.kv", 2 * h, h)
        linear(name + ".output.dense", h, h)
        norm(name + ".output.LayerNorm", h)

    v, e = flm_torch.VIT, flm_torch.EMBEDDINGS
    tensor(v + "conv1.weight", w, 3, p, p)
    tensor(v + "class_embedding", w)
    tensor(v + "positional_embedding", side * side + 1, w)
    norm(v + "ln_pre", w)
    norm(v + "ln_post", w)
    for i in range(m["image-layers"]):
        n = f"{v}transformer.resblocks.{i}."
        norm(n + "ln_1", w)
        norm(n + "ln_2", w)
        tensor(n + "attn.in_proj_weight", 3 * w, w)
        tensor(n + "attn.in_proj_bias", 3 * w)
        linear(n + "attn.out_proj", w, w)
        linear(n + "mlp.c_fc", r * w, w)
        linear(n + "mlp.c_proj", w, r * w)
    tensor(e + "word_embeddings.weight", m["vocabulary"], h)
    tensor(e + "position_embeddings.weight", m["max-positions"], h)
    tensor(e + "token_type_embeddings.weight", 1, h)
    norm(e + "LayerNorm", h)
    for i in range(m["bottom-layers"]):
        n = f"text_transformer.encoder.layer.{i}"
        attention(n + ".attention", True)
        feed_forward(n)
    linear("cross_modal_text_transform", h, h)
    linear("cross_modal_image_transform", h, w)
    tensor("token_type_embeddings.weight", 2, h)
    for i in range(m["top-layers"]):
        n = f"cross_modal_text_layers.{i}"
        attention(n + ".attention", True)
        attention(n + ".crossattention", False)
        feed_forward(n)
    if not one_stream:
        tensor("token_type_embeddings_flm.weight", 2, h)
        for part in ("bottom", "top"):
            for i in range(m[f"reconstructor-{part}-layers"]):
                n = f"fusion_layers_{part}.{i}"
                attention(n + ".crossattention", False)
                feed_forward(n)
    linear("lm_score.transform.dense", h, h)
    norm("lm_score.transform.LayerNorm", h)
    tensor("lm_score.decoder.weight", m["vocabulary"], h)
    tensor("lm_score.bias", m["vocabulary"])
    return t


class OneStream(flm_torch.SameWork):
    def forward(self, b):
        p, s = self.p, self.s
        rows, length = b["ids"].shape
        mask = flm_torch.hide(flm_torch.causal(b["lengths"], length, False)).unsqueeze(1)
        types = p["token_type_embeddings.weight"]
        image = flm_torch.linear(p, "cross_modal_image_transform", self.vision(b["image"])) + types[1]
        x = self.embed(b["ids"], 1)
        for i in range(s.bottom):
            n = f"text_transformer.encoder.layer.{i}"
            x = self.feed_forward(n, self.self_attention(n + ".attention", x, mask, 1e-5), 1e-5)
        x = flm_torch.linear(p, "cross_modal_text_transform", x) + types[0]
        for i in range(s.top):
            n = f"cross_modal_text_layers.{i}"
            x = self.self_attention(n + ".attention", x, mask, 1e-12)
            x = self.cross_attention(n + ".crossattention", x, image, None)
            x = self.feed_forward(n, x, 1e-12)
        features = x.view(rows * length, -1)[b["stream rows"]]
        return F.cross_entropy(self.logits(features), b["targets"])


def counted(model, one_stream):
    """Attention as plain products: the kernels that fuse them compute the scores once more in backward."""
    train = {"l2r-weight": 1, "r2l-weight": 1, "learning-rate": 1e-3, "fast-lr-factor": 1, "beta1": 0.9, "beta2": 0.98, "eps": 1e-8,
             "weight-decay": 0.01}
    kind = OneStream if one_stream else flm_torch.SameWork
    contender = object.__new__(kind)
    contender.s, contender.p = flm_torch.Sizes(model, train), weights(model, one_stream)
    each = PREDICTIONS // 3
    at = torch.arange(each)
    b = {
        "ids": torch.full((ROWS, LENGTH), 5), "query": torch.full((ROWS, LENGTH), 4), "lengths": torch.full((ROWS,), LENGTH),
        "left": torch.zeros(ROWS, LENGTH, dtype=torch.long), "right": torch.zeros(ROWS, LENGTH, dtype=torch.long),
        "rec rows": at, "stream rows": at if one_stream else torch.cat([at, at + each]),
        "targets": torch.zeros(each if one_stream else PREDICTIONS, dtype=torch.long),
        "weights": torch.ones(PREDICTIONS), "image": torch.zeros(ROWS, 3, model["image-size"], model["image-size"])}
    with sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
        contender.forward(b).backward()
    return counter.get_total_flops()


CLASSIFIERS = {"pairs": (True, 2, 2, ROWS), "matching": (False, 1, 2, ROWS // 2)}  # wide, joined, outputs, rows that are read


def counted_classifier(model, wide, joined, outputs, read):
    """Pooler and output layers alone, of features that have a gradient."""
    h = model["hidden"]
    features = torch.ones(ROWS, LENGTH, h).requires_grad_()
    pool = torch.nn.Linear(h, h)
    out = (torch.nn.Sequential(torch.nn.Linear(joined * h, 2 * h), torch.nn.LayerNorm(2 * h), torch.nn.GELU(), torch.nn.Linear(2 * h, outputs))
           if wide else torch.nn.Linear(joined * h, outputs))
    with FlopCounterMode(display=False) as counter:
        pooled = torch.tanh(pool(features.select(1, 0)))
        logits = out(pooled[:read].reshape(read // joined, joined * h))
        F.cross_entropy(logits, torch.zeros(read // joined, dtype=torch.long)).backward()
    return counter.get_total_flops()


def formula_classifier(preset, wide, joined, outputs, read):
    return formula(preset, False, ["wide" if wide else "plain", joined, outputs, read]) - formula(preset, False)


def formula(preset, one_stream, classifier=()):
    classes = [ROOT / "tests/target/test-classes"] + [ROOT / m / "target/classes" for m in MODULES]
    libraries = (ROOT / "deploy/target/classpath").read_text().strip()
    java = os.path.join(os.environ["JAVA_HOME"], "bin/java") if "JAVA_HOME" in os.environ else "java"
    command = [
        java, "-cp", ":".join(map(str, classes)) + ":" + libraries,
        "io.flm.benchmark.FlopsProcess", str(ROOT / f"deploy/src/main/resources/presets/{preset}.conf"),
        "one" if one_stream else "three", str(ROWS), str(LENGTH), str(PREDICTIONS // 3 if one_stream else PREDICTIONS), *map(str, classifier)]
    return float(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.split()[-1])


parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("presets", nargs="*", default=["tiny", "emoji"])
parser.add_argument("--json", action="store_true")
options = parser.parse_args()
worst = 0.0
for preset in options.presets:
    pairs = [("one stream" if one else "flm", counted(settings(preset), one), formula(preset, one)) for one in (False, True)]
    pairs += [(name, counted_classifier(settings(preset), *of), formula_classifier(preset, *of)) for name, of in CLASSIFIERS.items()]
    for name, torchs, own in pairs:
        worst = max(worst, abs(own / torchs - 1))
        result = {"preset": preset, "model": name, "rows": ROWS, "length": LENGTH,
                  "PyTorch's counter": torchs, "formula": own, "difference": own / torchs - 1}
        print(json.dumps(result) if options.json else
              f"{preset:9} {result['model']:10}  PyTorch {torch.__version__}: {torchs:,}  formula: {own:,.0f}  {100 * result['difference']:+.3f} %")
sys.exit(0 if worst < 0.01 else "the formula is more than 1 % off")
