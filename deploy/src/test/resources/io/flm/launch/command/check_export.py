"""Asks exported models what the test asked the models that they are of. Arguments: folders with export, inputs, expected values.
Prints whether this torch loads archives, and for each folder how far the numbers are from the expected ones, the tokens of texts, and captions."""
import json
import os
import sys

import torch

sys.path.insert(0, os.path.join(sys.argv[1], "export"))
import modeling_flm  # noqa: E402: it is in the export

torch.set_num_threads(1)
ARCHIVES = hasattr(torch.nn.functional, "scaled_dot_product_attention")  # that archives call: from 2.0 on


def asked(folder):
    given = modeling_flm.read_safetensors(os.path.join(folder, "inputs.safetensors"))
    expected = modeling_flm.read_safetensors(os.path.join(folder, "expected.safetensors"))
    with open(os.path.join(folder, "expected.json"), encoding="utf-8") as file:
        more = json.load(file)
    if "texts" in more:
        model = modeling_flm.Flm.load(os.path.join(folder, "export"))
    else:  # its tokenizer is one that the package tokenizers would read
        model = untokenized(os.path.join(folder, "export"))
    pixels, said = given["pixels"], {}
    if "ids" in given:
        with torch.no_grad():
            said.update(model(pixels, given["ids"], given.get("left"), given.get("right"), given.get("prefixes")))
    if "class" in expected:
        said["class"] = model.classify(pixels, given["whole"], given["second"] if model.config["pairs"] else None)
    differences = {name: difference(said[name], value) for name, value in expected.items()}
    result = {"differences": differences}
    if "texts" in more:
        result["rows"] = [model.tokenizer.encode(text) for text in more["texts"]]
    if "answers" in more:
        others = given["second"] if model.config["pairs"] else None
        result["answers"] = model.answer(pixels, more["texts"][:len(pixels)], others)
    if "captions" in more:
        rows = model.caption_ids(pixels, 12)
        read = model.tokenizer.read if model.tokenizer else lambda row: ""
        result["captions"] = [{"ids": row, "text": read(row)} for row in rows]
    if "script" in more and ARCHIVES:
        differences.update(scripted(model, pixels, given.get("ids"), os.path.join(folder, "script")))
    return result


def untokenized(folder):
    config = modeling_flm.read_json(folder, "config.json")
    model = modeling_flm.Flm(config)
    model.load_state_dict(modeling_flm.read_safetensors(os.path.join(folder, "model.safetensors")))
    return model.eval()


@torch.no_grad()
def scripted(model, pixels, ids, folder):
    archives = {name[:-3]: torch.jit.load(os.path.join(folder, name)) for name in os.listdir(folder) if name.endswith(".pt")}
    features = archives["image_encoder"](pixels)
    differences = {"image_encoder": difference(features, model.encode_images(pixels))}
    if "text_scorer" in archives:
        scorer, step = archives["text_scorer"], archives["caption_step"]
        begun = ids[:, :3].contiguous()
        differences["text_scorer"] = difference(scorer(features, ids), model.log_likelihood(features, ids))
        differences["caption_step"] = difference(step(features, begun), model.next_token(features, begun))
    return differences


def difference(said, expected):
    if said.shape != expected.shape:
        raise ValueError(f"{tuple(said.shape)} instead of {tuple(expected.shape)}")
    return (said - expected).abs().max().item()


print(json.dumps({"archives": ARCHIVES, "folders": {folder: asked(folder) for folder in sys.argv[1:]}}))
