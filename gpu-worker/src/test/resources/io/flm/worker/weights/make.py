"""Makes tiny random models as other programs save them, and what these make of an input.

    pip install torch==2.7.1 transformers==5.24.0 safetensors==0.8.0
    python make.py

Width 16, 2 heads, 3 layers, of which 2 are read. No file holds anything of a published model.

clip/, clip-shards/      CLIPModel: pytorch_model.bin; safetensors in several files
openai.pt                the same vision tower under OpenAI's names, as a TorchScript archive
open_clip.pt             the same as a checkpoint of open_clip's training, by DataParallel
roberta/, roberta-shards/  RobertaModel: pytorch_model.bin; RobertaForMaskedLM in several .bin
bert/, bert-bin/         BertModel: safetensors; BertForMaskedLM with the gamma and beta that came from TensorFlow
meter.ckpt               the same encoders, and METER's other layers, as a checkpoint of Lightning
views.pt                 tensors that share values, are parts, transposed, expanded, of all types; views.safetensors: their values
legacy.bin               as torch saved before 1.6
features.safetensors     inputs, and the features of the second layer
"""

import os
import sys
import types
from collections import OrderedDict

import torch
from safetensors.torch import save_file
from transformers import (BertConfig, BertForMaskedLM, BertModel, CLIPConfig, CLIPModel, RobertaConfig, RobertaForMaskedLM,
                          RobertaModel)

HERE = os.path.dirname(os.path.abspath(__file__))
W, HEADS, LAYERS, READ, WORDS, POSITIONS = 16, 2, 3, 2, 64, 20
torch.manual_seed(7)


def path(name):
    return os.path.join(HERE, name)


def randomize(model):
    """Values of a size that shows: with the usual ones features hardly differ."""
    with torch.no_grad():
        for name, p in model.named_parameters():
            norm = p.dim() == 1 and name.endswith("weight")
            p.copy_(torch.randn(p.shape) * (0.2 if p.dim() > 1 else 0.1) + (1 if norm else 0))
    return model.eval()


def save(state, name):
    os.makedirs(os.path.dirname(path(name)), exist_ok=True)
    torch.save(state, path(name))


def save_in_parts(state, folder, ending, size):
    """As save_pretrained writes models that are larger than a file may be."""
    import json
    os.makedirs(path(folder), exist_ok=True)
    parts, part, used = [], {}, 0
    for name, tensor in state.items():
        if used > size:
            parts.append(part)
            part, used = {}, 0
        part[name] = tensor.contiguous().clone()
        used += tensor.numel() * tensor.element_size()
    parts.append(part)
    stem = "model" if ending == "safetensors" else "pytorch_model"
    where = {}
    for i, part in enumerate(parts):
        file = f"{stem}-{i + 1:05}-of-{len(parts):05}.{ending}"
        where.update({name: file for name in part})
        (save_file if ending == "safetensors" else torch.save)(part, path(f"{folder}/{file}"))
    with open(path(f"{folder}/{stem}.{ending}.index.json"), "w") as out:
        json.dump({"metadata": {"total_size": sum(t.numel() * 4 for t in state.values())}, "weight_map": where}, out)


# ---- CLIP

clip = randomize(CLIPModel(CLIPConfig(
    vision_config=dict(hidden_size=W, intermediate_size=4 * W, num_hidden_layers=LAYERS, num_attention_heads=HEADS, image_size=32,
                       patch_size=8),
    text_config=dict(hidden_size=8, intermediate_size=8, num_hidden_layers=1, num_attention_heads=1, vocab_size=16,
                     max_position_embeddings=8),
    projection_dim=8)))
clip.config.save_pretrained(path("clip"))
clip.config.save_pretrained(path("clip-shards"))
save(clip.state_dict(), "clip/pytorch_model.bin")
save_in_parts(clip.state_dict(), "clip-shards", "safetensors", 20_000)

features = {}
for pixels in (32, 48):
    picture = torch.randn(1, 3, pixels, pixels)
    with torch.no_grad():
        seen = clip.vision_model(picture, output_hidden_states=True, interpolate_pos_encoding=pixels != 32)
        features[f"picture.{pixels}"] = picture
        features[f"clip.{pixels}"] = clip.vision_model.post_layernorm(seen.hidden_states[READ])

# The same weights with the activation of LAION's models.
config = CLIPConfig(**clip.config.to_dict())
config.vision_config.hidden_act = "gelu"
with torch.random.fork_rng():
    laion = CLIPModel(config).eval()
laion.load_state_dict(clip.state_dict())
with torch.no_grad():
    seen = laion.vision_model(features["picture.32"], output_hidden_states=True)
    features["clip.gelu.32"] = laion.vision_model.post_layernorm(seen.hidden_states[READ])


def openai(state):
    """The tower under OpenAI's names."""
    at = "vision_model."
    names = {"class_embedding": "embeddings.class_embedding", "conv1.weight": "embeddings.patch_embedding.weight",
             "positional_embedding": "embeddings.position_embedding.weight", "ln_pre.weight": "pre_layrnorm.weight",
             "ln_pre.bias": "pre_layrnorm.bias", "ln_post.weight": "post_layernorm.weight", "ln_post.bias": "post_layernorm.bias"}
    tower = OrderedDict((f"visual.{to}", state[at + of]) for to, of in names.items())
    for i in range(LAYERS):
        block, layer = f"visual.transformer.resblocks.{i}.", f"{at}encoder.layers.{i}."
        for kind in ("weight", "bias"):
            tower[f"{block}attn.in_proj_{kind}"] = torch.cat([state[f"{layer}self_attn.{x}_proj.{kind}"] for x in "qkv"])
            for to, of in (("attn.out_proj", "self_attn.out_proj"), ("ln_1", "layer_norm1"), ("ln_2", "layer_norm2"),
                           ("mlp.c_fc", "mlp.fc1"), ("mlp.c_proj", "mlp.fc2")):
                tower[f"{block}{to}.{kind}"] = state[f"{layer}{of}.{kind}"]
    tower["visual.proj"] = state["visual_projection.weight"].t()
    return tower


class Tree(torch.nn.Module):
    """Modules with these parameters: what matters of a TorchScript archive."""

    def __init__(self, state):
        super().__init__()
        below = {}
        for name, tensor in state.items():
            head, _, rest = name.partition(".")
            if rest:
                below.setdefault(head, {})[rest] = tensor
            else:
                self.register_parameter(head, torch.nn.Parameter(tensor.clone()))
        for head, inner in below.items():
            self.add_module(head, Tree(inner))

    def forward(self, x):
        return x


tower = openai(clip.state_dict())
torch.jit.save(torch.jit.trace(Tree(tower), torch.zeros(1)), path("openai.pt"))
save({"epoch": 3, "name": "tiny", "state_dict": OrderedDict(("module." + k, v) for k, v in tower.items()),
      "optimizer": {"state": {0: {"step": torch.tensor(3.), "exp_avg": torch.zeros(4)}}, "param_groups": [{"lr": 1e-3, "params": [0]}]}},
     "open_clip.pt")

# ---- texts

ids = torch.randint(4, WORDS, (2, 8))
features["ids"] = ids
features["lengths"] = torch.tensor([8, 5])
padded = ids.clone()
padded[1, 5:] = 1

sizes = dict(vocab_size=WORDS, hidden_size=W, num_hidden_layers=LAYERS, num_attention_heads=HEADS, intermediate_size=4 * W)
roberta = randomize(RobertaForMaskedLM(RobertaConfig(
    **sizes, max_position_embeddings=POSITIONS, type_vocab_size=1, layer_norm_eps=1e-5, pad_token_id=1)))
roberta.config.save_pretrained(path("roberta"))
roberta.config.save_pretrained(path("roberta-shards"))
pooled = randomize(RobertaModel(roberta.config))
pooled.load_state_dict(roberta.roberta.state_dict(), strict=False)
save(pooled.state_dict(), "roberta/pytorch_model.bin")
save_in_parts(roberta.state_dict(), "roberta-shards", "bin", 20_000)
with torch.no_grad():
    features["roberta"] = roberta.roberta(padded, attention_mask=padded.ne(1).long(), output_hidden_states=True).hidden_states[READ]

bert = randomize(BertForMaskedLM(BertConfig(**sizes, max_position_embeddings=POSITIONS - 2, type_vocab_size=2)))
bert.config.save_pretrained(path("bert"))
os.makedirs(path("bert-bin"), exist_ok=True)
save_file({k: v.clone() for k, v in bert.bert.state_dict().items()}, path("bert/model.safetensors"))
save(OrderedDict((k.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta"), v)
                 for k, v in bert.state_dict().items()), "bert-bin/pytorch_model.bin")
with torch.no_grad():
    mask = torch.arange(8).unsqueeze(0) < features["lengths"].unsqueeze(1)
    features["bert"] = bert.bert(ids, attention_mask=mask.long(), output_hidden_states=True).hidden_states[READ]

# ---- METER

meter = OrderedDict(("text_transformer." + k, v) for k, v in pooled.state_dict().items())
meter.update(("vit_model." + k, v) for k, v in tower.items() if f"resblocks.{LAYERS - 1}" not in k)
others = {"cross_modal_text_transform.weight": (W, W), "cross_modal_text_transform.bias": (W,),
          "cross_modal_image_transform.weight": (W, W), "cross_modal_image_transform.bias": (W,),
          "token_type_embeddings.weight": (2, W), "mlm_score.bias": (WORDS,), "mlm_score.decoder.weight": (WORDS, W),
          "mlm_score.transform.dense.weight": (W, W), "mlm_score.transform.dense.bias": (W,),
          "mlm_score.transform.LayerNorm.weight": (W,), "mlm_score.transform.LayerNorm.bias": (W,),
          "itm_score.fc.weight": (2, W), "itm_score.fc.bias": (2,)}
for side in ("image", "text"):
    layer = f"cross_modal_{side}_layers.0."
    for attention in ("attention", "crossattention"):
        for name in ("self.query", "self.key", "self.value", "output.dense"):
            others.update({f"{layer}{attention}.{name}.weight": (W, W), f"{layer}{attention}.{name}.bias": (W,)})
        others.update({f"{layer}{attention}.output.LayerNorm.{kind}": (W,) for kind in ("weight", "bias")})
    others.update({f"{layer}intermediate.dense.weight": (4 * W, W), f"{layer}intermediate.dense.bias": (4 * W,),
                   f"{layer}output.dense.weight": (W, 4 * W), f"{layer}output.dense.bias": (W,),
                   f"{layer}output.LayerNorm.weight": (W,), f"{layer}output.LayerNorm.bias": (W,)})
meter.update((name, torch.randn(shape)) for name, shape in others.items())

callbacks = types.ModuleType("pytorch_lightning.callbacks.model_checkpoint")
callbacks.ModelCheckpoint = type("ModelCheckpoint", (), {"__module__": callbacks.__name__})
for module in ("pytorch_lightning", "pytorch_lightning.callbacks"):
    sys.modules[module] = types.ModuleType(module)
sys.modules[callbacks.__name__] = callbacks
save({"epoch": 9, "global_step": 100_000, "pytorch-lightning_version": "1.3.2", "state_dict": meter,
      "callbacks": {callbacks.ModelCheckpoint: {"monitor": "val/the_metric", "best_model_score": torch.tensor(1.5)}},
      "optimizer_states": [{"state": {0: {"step": 10, "exp_avg": torch.zeros(4)}}, "param_groups": [{"lr": 1e-5, "betas": (0.9, 0.98)}]}],
      "lr_schedulers": [{"base_lrs": [1e-5], "last_epoch": 100_000}], "hparams_name": "config",
      "hyper_parameters": {"config": {"exp_name": "tiny", "loss_names": {"itm": 1, "mlm": 1}, "resolution_before": 224}}},
     "meter.ckpt")

# ---- views

base = torch.arange(60, dtype=torch.float32).view(5, 12) / 7
views = OrderedDict(
    whole=base, part=base[1:3], columns=base[:, 3:7], transposed=base.t(), every_third=base[::2, ::3], expanded=base[2:3].expand(4, 12),
    permuted=base.view(5, 3, 4).permute(2, 0, 1), scalar=base[1, 1], empty=base[:0], half=base.half(), bfloat16=base.bfloat16().t(),
    double=base.double()[1:, 1:], parameter=torch.nn.Parameter(base[4]))
save_file({k: v.detach().float().contiguous().clone() for k, v in views.items()}, path("views.safetensors"))
views.update(long=torch.arange(3), int=torch.arange(3, dtype=torch.int32), bool=torch.tensor([True, False]), number=3, text="x",
             nested={"a": [1, (2, None)], "b": {3.5}}, huge=1 << 80)
save(views, "views.pt")
torch.save({"a": torch.zeros(2)}, path("legacy.bin"), _use_new_zipfile_serialization=False)
save_file({k: v.contiguous() for k, v in features.items()}, path("features.safetensors"))
