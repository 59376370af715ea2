"""A model of Free Language Modeling (arXiv 2303.14038) on plain PyTorch. It reads the folder that `flm export --format hf` wrote.

    from modeling_flm import Flm
    model = Flm.load("FOLDER")
    pictures = model.read_pictures(["lemon.png"])              # the only line that needs Pillow
    print(model.caption(pictures))
    ids = model.tokenizer.batch(["a lemon"])
    print(model(pictures, ids)["rec"].shape)                   # logits [B, L, V]

From a shell: `python modeling_flm.py caption PICTURE...`; `--help` has the others. torch 1.13 or later is all that it needs. B texts, L their padded length, P image tokens, W width of the image encoder, H hidden, V vocabulary,
S pixels a side. Text ids are [B, L]: <s> first, </s> last, then <pad>, or what a tokenizer of BERT's kind has for them. There is no dropout: fine-tune with code of your own.
"""
import argparse
import json
import os
import re
import struct
import unicodedata
from typing import Dict, List, Optional, Tuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

FUSION_EPSILON = 1e-12


# ---- files ---------------------------------------------------------------------------------------------------------------

TYPES = {
    "F64": torch.float64, "F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16,
    "I64": torch.int64, "I32": torch.int32, "I16": torch.int16, "I8": torch.int8, "U8": torch.uint8, "BOOL": torch.bool}


def read_safetensors(path: str) -> Dict[str, Tensor]:
    """The tensors of a safetensors file: 8 bytes with the length of a JSON header, the header, the values."""
    with open(path, "rb") as file:
        start = file.read(8)
        length = struct.unpack("<Q", start)[0] if len(start) == 8 else 1 << 63
        whole = os.fstat(file.fileno()).st_size
        if length > min(whole - 8, 100_000_000):
            raise ValueError(f"{path}: no safetensors file, or one that was cut")
        header = json.loads(file.read(length))
        values = bytearray(whole - 8 - length)
        if file.readinto(values) != len(values):
            raise ValueError(f"{path}: was cut while it was read")
    tensors = {}
    for name, info in header.items():
        if name == "__metadata__":
            continue
        begin, end = info["data_offsets"]
        kind = TYPES[info["dtype"]]
        count = (end - begin) // torch.empty((), dtype=kind).element_size()
        if count == 0:
            tensors[name] = torch.empty(info["shape"], dtype=kind)
        else:
            tensors[name] = torch.frombuffer(values, dtype=kind, count=count, offset=begin).view(info["shape"])
    return tensors


def read_json(folder: str, name: str) -> dict:
    with open(os.path.join(folder, name), encoding="utf-8-sig") as file:
        return json.load(file)


def read_pictures(paths: List[str], preprocessor: dict) -> Tensor:
    """Pictures as preprocessor_config.json wants them, uint8 [B, 3, S, S]. Needs Pillow."""
    from PIL import Image, ImageOps

    size, pictures = preprocessor["crop_size"]["height"], []
    for path in paths:
        with Image.open(path) as image:
            if preprocessor["do_exif_transpose"]:
                image = ImageOps.exif_transpose(image)
            if image.mode.startswith("I;16"):
                image = image.convert("I").point(lambda value: value * (1 / 256)).convert("L")
            image = image.convert("RGB")
            if not preprocessor["do_center_crop"]:
                image = image.resize((size, size), Image.Resampling.BICUBIC)
            else:
                shorter = min(image.size)
                width, height = (side * size // shorter for side in image.size)
                image = image.resize((width, height), Image.Resampling.BICUBIC)
                left, top = round((width - size) / 2), round((height - size) / 2)
                image = image.crop((left, top, left + size, top + size))
            values = torch.frombuffer(bytearray(image.tobytes()), dtype=torch.uint8)
            pictures.append(values.view(size, size, 3).permute(2, 0, 1))
    return torch.stack(pictures)


# ---- texts ---------------------------------------------------------------------------------------------------------------

SPACES = "\t\n\v\f\r\x1c\x1d\x1e\x1f \u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2008\u2009\u200a\u2028\u2029\u205f\u3000"
WHITE_SPACE = set("\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000")
CONTRACTION = re.compile(r"'(?:[stmd]|re|ve|ll)")
PIECE = re.compile(r" ?L+| ?N+| ?O+|[ W]+(?![LNO])|[ W]+")  # of the kinds of letters, not of the letters


def byte_letters() -> List[str]:
    """The letter that stands for each byte in byte-level BPE: itself if it can be printed, else one from 256 on."""
    printed = set(range(33, 127)) | set(range(161, 173)) | set(range(174, 256))
    letters, free = [], 256
    for byte in range(256):
        letters.append(chr(byte if byte in printed else free))
        free += byte not in printed
    return letters


def kind(letter: str) -> str:
    if letter == " ":
        return " "
    if letter in WHITE_SPACE:
        return "W"
    category = unicodedata.category(letter)[0]
    return category if category in "LN" else "O"


class Tokenizer:
    """Reads tokenizer.json: byte-level BPE by itself, any other kind by the package `tokenizers`."""

    def __init__(self, folder: str, config: dict):
        spec = read_json(folder, "tokenizer.json")
        self.start, self.end, self.mask = config["bos_token_id"], config["eos_token_id"], config["mask_token_id"]
        self.pad = config["pad_token_id"]
        self.begin_token, self.max_tokens = config["begin_token"], config["max_tokens"]
        self.caption_form = config["text_form"] == "caption"
        self.added = {token["content"]: token for token in spec.get("added_tokens", [])}
        self.special = {token["id"] for token in self.added.values() if token["special"]}
        names = read_json(folder, "special_tokens_map.json")
        self.unspellable = {
            self.start: names["bos_token"], self.pad: names["pad_token"], self.end: names["eos_token"], self.mask: names["mask_token"]}
        self.library = None
        if self._is_byte_level(spec):
            model = spec["model"]
            self.ids = model["vocab"]
            merges = [tuple(m.split(" ")) if isinstance(m, str) else tuple(m) for m in model["merges"]]
            self.ranks = {pair: rank for rank, pair in enumerate(merges)}
            self.prefix_space = spec["pre_tokenizer"].get("add_prefix_space", False)
            self.tokens = {id: token for token, id in self.ids.items()}
            self.tokens.update({token["id"]: content for content, token in self.added.items()})
            self.letters = byte_letters()
            self.bytes = {letter: byte for byte, letter in enumerate(self.letters)}
            longest_first = sorted(self.added, key=len, reverse=True)
            self.spelled = re.compile("|".join(map(self._pattern, longest_first))) if longest_first else None
        else:
            try:
                import tokenizers
            except ImportError as e:
                raise ImportError("tokenizer.json is no byte-level BPE: install the package tokenizers") from e
            self.library = tokenizers.Tokenizer.from_file(os.path.join(folder, "tokenizer.json"))
            self.library.no_padding()
            self.library.no_truncation()
            if spec["model"].get("type") == "WordPiece" and not spec.get("decoder"):
                prefix = spec["model"].get("continuing_subword_prefix", "##")
                self.library.decoder = tokenizers.decoders.WordPiece(prefix=prefix, cleanup=True)

    @staticmethod
    def _is_byte_level(spec: dict) -> bool:
        model, before, after = spec["model"], spec.get("pre_tokenizer") or {}, spec.get("decoder") or {}
        return (model.get("type", "BPE") == "BPE" and not spec.get("normalizer")
                and before.get("type") == "ByteLevel" and before.get("use_regex", True) and after.get("type") == "ByteLevel"
                and not any(model.get(key) for key in (
                    "dropout", "continuing_subword_prefix", "end_of_word_suffix", "byte_fallback", "ignore_merges"))
                and all(letter in model["vocab"] for letter in byte_letters())
                and not any(token["single_word"] for token in spec.get("added_tokens", [])))

    def _pattern(self, content: str) -> str:
        token, space = self.added[content], "[" + "".join(WHITE_SPACE) + "]*"
        return (space if token["lstrip"] else "") + re.escape(content) + (space if token["rstrip"] else "")

    def _pieces(self, text: str) -> List[str]:
        """As the pattern of GPT-2 cuts a text: words and numbers with the space before them, what is between, contractions."""
        if self.prefix_space and not text.startswith(" "):
            text = " " + text
        kinds = "".join(map(kind, text))
        pieces, at = [], 0
        while at < len(text):
            found = CONTRACTION.match(text, at) or PIECE.match(kinds, at)
            pieces.append(text[at:found.end()])
            at = found.end()
        return pieces

    def _merged(self, piece: str) -> List[str]:
        parts = [self.letters[byte] for byte in piece.encode("utf-8", "replace")]
        while len(parts) > 1:
            ranks = [self.ranks.get(pair, len(self.ranks)) for pair in zip(parts, parts[1:])]
            best = min(range(len(ranks)), key=ranks.__getitem__)
            if ranks[best] == len(self.ranks):
                break
            parts[best:best + 2] = [parts[best] + parts[best + 1]]
        return parts

    def _plain(self, text: str) -> List[int]:
        return [self.ids[part] for piece in self._pieces(text) for part in self._merged(piece)]

    def words(self, text: str) -> List[int]:
        """The ids of a text as it is. A text cannot spell <s>, <pad>, </s> or <mask>: they are read without their first letter."""
        if self.library is not None:
            ids = []
            for id in self.library.encode(text, add_special_tokens=False).ids:
                ids.extend(self.words(self.unspellable[id][1:]) if id in self.unspellable else [id])
            return ids
        ids, at = [], 0
        for found in self.spelled.finditer(text) if self.spelled else ():
            ids.extend(self._plain(text[at:found.start()]) if found.start() > at else [])
            content = found.group() if found.group() in self.added else found.group().strip("".join(WHITE_SPACE))
            id = self.added[content]["id"]
            ids.extend(self._plain(content[1:]) if id in self.unspellable else [id])
            at = found.end()
        ids.extend(self._plain(text[at:]) if at < len(text) else [])
        return ids

    def encode(self, text: str, caption: Optional[bool] = None) -> List[int]:
        """A text as the model reads it. A caption ends with one dot, whatever it ended with; questions are read as they are.

        caption: None takes the form that the model was trained with."""
        if self.caption_form if caption is None else caption:
            text = text.rstrip(SPACES + ".").lstrip(SPACES) + "."
        else:
            text = text.strip(SPACES)
        start = [self.start, self.end] if self.begin_token else [self.start]
        return start + self.words(text)[:self.max_tokens - len(start) - 1] + [self.end]

    def batch(self, texts: List[str], caption: Optional[bool] = None) -> Tensor:
        """Texts as ids [B, L]."""
        rows = [torch.tensor(self.encode(text, caption)) for text in texts]
        return nn.utils.rnn.pad_sequence(rows, batch_first=True, padding_value=self.pad)

    def decode(self, ids: List[int]) -> str:
        """The text of ids; special tokens are left out."""
        if self.library is not None:
            return self.library.decode(ids, skip_special_tokens=True)
        text = bytearray()
        for id in ids:
            token = self.tokens.get(id)
            if token is None or id in self.special:
                continue
            if all(letter in self.bytes for letter in token):
                text.extend(self.bytes[letter] for letter in token)
            else:
                text.extend(token.encode("utf-8"))
        return text.decode("utf-8", "replace")

    def read(self, row: List[int]) -> str:
        """A row as people read it: without special tokens and the dot at its end."""
        words = [id for id in row[2 if self.begin_token else 1:] if id not in (self.start, self.end, self.pad)]
        return re.sub(r"[. \t\n\v\f\r]+\Z", "", self.decode(words).strip(SPACES))


# ---- layers: the names of their parameters are the official ones ------------------------------------------------------------


def attend(q: Tensor, k: Tensor, v: Tensor, mask: Optional[Tensor], heads: int) -> Tensor:
    """mask: additive, 0 or -10000; a row whose keys are all hidden attends to all of them."""
    q = q.view(q.size(0), q.size(1), heads, -1).transpose(1, 2)
    k = k.view(k.size(0), k.size(1), heads, -1).transpose(1, 2)
    v = v.view(v.size(0), v.size(1), heads, -1).transpose(1, 2)
    if mask is not None:
        mask = mask.to(q.dtype)
    if hasattr(F, "scaled_dot_product_attention"):
        o = F.scaled_dot_product_attention(q, k, v, mask)
    else:  # torch 1.13
        scores = q @ k.transpose(2, 3) * q.size(3) ** -0.5
        o = (scores if mask is None else scores + mask).softmax(3) @ v
    return o.transpose(1, 2).reshape(o.size(0), o.size(2), -1)


class Projections(nn.Module):
    def __init__(self, hidden: int):
        super().__init__()
        self.query, self.key, self.value = nn.Linear(hidden, hidden), nn.Linear(hidden, hidden), nn.Linear(hidden, hidden)


class Dense(nn.Module):
    def __init__(self, width: int, hidden: int):
        super().__init__()
        self.dense = nn.Linear(width, hidden)


class Output(nn.Module):
    """A linear layer, the residual, a norm."""

    def __init__(self, width: int, hidden: int, eps: float):
        super().__init__()
        self.dense, self.LayerNorm = nn.Linear(width, hidden), nn.LayerNorm(hidden, eps)

    def forward(self, x: Tensor, residual: Tensor) -> Tensor:
        return self.LayerNorm(residual + self.dense(x))


class Attention(nn.Module):
    def __init__(self, hidden: int, heads: int, eps: float):
        super().__init__()
        self.heads = heads
        self.self = Projections(hidden)
        self.output = Output(hidden, hidden, eps)

    def forward(self, x: Tensor, memory: Tensor, mask: Optional[Tensor]) -> Tensor:
        read = attend(self.self.query(x), self.self.key(memory), self.self.value(memory), mask, self.heads)
        return self.output(read, x)


class Layer(nn.Module):
    """What all text layers have: the feed-forward part."""

    def __init__(self, config: dict, eps: float):
        super().__init__()
        hidden, wide = config["hidden_size"], config["intermediate_size"]
        self.intermediate, self.output = Dense(hidden, wide), Output(wide, hidden, eps)

    def feed_forward(self, x: Tensor) -> Tensor:
        return self.output(F.gelu(self.intermediate.dense(x)), x)


class TextLayer(Layer):
    def __init__(self, config: dict):
        eps = config["text_layer_norm_eps"]
        super().__init__(config, eps)
        self.attention = Attention(config["hidden_size"], config["num_attention_heads"], eps)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        return self.feed_forward(self.attention(x, x, mask))


class CrossModalLayer(Layer):
    def __init__(self, config: dict):
        super().__init__(config, FUSION_EPSILON)
        self.attention = Attention(config["hidden_size"], config["num_attention_heads"], FUSION_EPSILON)
        self.crossattention = Attention(config["hidden_size"], config["num_attention_heads"], FUSION_EPSILON)

    def forward(self, x: Tensor, mask: Tensor, image: Tensor) -> Tensor:
        return self.feed_forward(self.crossattention(self.attention(x, x, mask), image, None))


class ReconstructorLayer(Layer):
    def __init__(self, config: dict):
        super().__init__(config, FUSION_EPSILON)
        self.crossattention = Attention(config["hidden_size"], config["num_attention_heads"], FUSION_EPSILON)

    def forward(self, x: Tensor, streams: Tensor, mask: Tensor) -> Tensor:
        return self.feed_forward(self.crossattention(x, streams, mask))


class Embeddings(nn.Module):
    def __init__(self, config: dict):
        super().__init__()
        hidden = config["hidden_size"]
        self.word_embeddings = nn.Embedding(config["vocab_size"], hidden)
        self.position_embeddings = nn.Embedding(config["max_position_embeddings"], hidden)
        self.token_type_embeddings = nn.Embedding(1, hidden)
        self.LayerNorm = nn.LayerNorm(hidden, config["text_layer_norm_eps"])
        self.first: int = config["first_position"]
        self.uncounted: int = config["uncounted_token_id"]

    def forward(self, ids: Tensor) -> Tensor:
        """[B, L] -> [B, L, H]. Positions count from first; a token that is not counted (-1: there is none) has the one before it."""
        counted = ids.ne(self.uncounted).long()
        positions = torch.cumsum(counted, 1) * counted + (self.first - 1)
        return self.LayerNorm(
            self.word_embeddings(ids) + self.position_embeddings(positions) + self.token_type_embeddings.weight[0])


class Encoder(nn.Module):
    def __init__(self, config: dict):
        super().__init__()
        self.layer = nn.ModuleList([TextLayer(config) for _ in range(config["num_bottom_layers"])])


class TextTransformer(nn.Module):
    def __init__(self, config: dict):
        super().__init__()
        self.embeddings, self.encoder = Embeddings(config), Encoder(config)

    def forward(self, x: Tensor, mask: Tensor) -> List[Tensor]:
        outputs: List[Tensor] = []
        for layer in self.encoder.layer:
            x = layer(x, mask)
            outputs.append(x)
        return outputs


class PackedAttention(nn.Module):
    def __init__(self, width: int, heads: int):
        super().__init__()
        self.heads = heads
        self.in_proj_weight, self.in_proj_bias = nn.Parameter(torch.empty(3 * width, width)), nn.Parameter(torch.empty(3 * width))
        self.out_proj = nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        q, k, v = F.linear(x, self.in_proj_weight, self.in_proj_bias).chunk(3, -1)
        return self.out_proj(attend(q, k, v, None, self.heads))


class Mlp(nn.Module):
    def __init__(self, width: int, wide: int, quick: bool):
        super().__init__()
        self.quick = quick
        self.c_fc, self.c_proj = nn.Linear(width, wide), nn.Linear(wide, width)

    def forward(self, x: Tensor) -> Tensor:
        x = self.c_fc(x)
        return self.c_proj(x * torch.sigmoid(1.702 * x) if self.quick else F.gelu(x))


class Block(nn.Module):
    def __init__(self, width: int, wide: int, heads: int, quick: bool):
        super().__init__()
        self.ln_1, self.attn = nn.LayerNorm(width), PackedAttention(width, heads)
        self.ln_2, self.mlp = nn.LayerNorm(width), Mlp(width, wide, quick)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attn(self.ln_1(x))
        return x + self.mlp(self.ln_2(x))


class Transformer(nn.Module):
    def __init__(self, vision: dict):
        super().__init__()
        width, wide, heads = vision["hidden_size"], vision["intermediate_size"], vision["num_attention_heads"]
        quick = vision["hidden_act"] == "quick_gelu"
        self.resblocks = nn.ModuleList([Block(width, wide, heads, quick) for _ in range(vision["num_hidden_layers"])])

    def forward(self, x: Tensor) -> Tensor:
        for block in self.resblocks:
            x = block(x)
        return x


class Visual(nn.Module):
    """CLIP's vision transformer, normed on every token."""

    def __init__(self, vision: dict):
        super().__init__()
        width, patch = vision["hidden_size"], vision["patch_size"]
        self.conv1 = nn.Conv2d(3, width, patch, patch, bias=False)
        self.class_embedding = nn.Parameter(torch.empty(width))
        self.positional_embedding = nn.Parameter(torch.empty((vision["image_size"] // patch) ** 2 + 1, width))
        self.ln_pre, self.ln_post = nn.LayerNorm(width), nn.LayerNorm(width)
        self.transformer = Transformer(vision)

    def forward(self, image: Tensor) -> Tensor:
        x = self.conv1(image).flatten(2).transpose(1, 2)
        x = torch.cat([self.class_embedding.expand(x.size(0), 1, -1), x], 1) + self.positional_embedding
        return self.ln_post(self.transformer(self.ln_pre(x)))


class VisionModel(nn.Module):
    def __init__(self, vision: dict):
        super().__init__()
        self.visual = Visual(vision)


class Transform(nn.Module):
    def __init__(self, hidden: int):
        super().__init__()
        self.dense, self.LayerNorm = nn.Linear(hidden, hidden), nn.LayerNorm(hidden, FUSION_EPSILON)

    def forward(self, x: Tensor) -> Tensor:
        return self.LayerNorm(F.gelu(self.dense(x)))


class TokenHead(nn.Module):
    def __init__(self, config: dict):
        super().__init__()
        self.transform = Transform(config["hidden_size"])
        self.decoder = nn.Linear(config["hidden_size"], config["vocab_size"], bias=False)
        self.bias = nn.Parameter(torch.empty(config["vocab_size"]))

    def forward(self, x: Tensor) -> Tensor:
        return self.decoder(self.transform(x)) + self.bias


# ---- masks -------------------------------------------------------------------------------------------------------------------


def causal(lengths: Tensor, length: int, backwards: bool) -> Tensor:
    """[B, L, L], True where row i sees column j. Row 0 sees all real columns; no other row sees column 0; pads see 1..n-1."""
    i = torch.arange(length, device=lengths.device)
    row, column, n = i.view(1, -1, 1), i.view(1, 1, -1), lengths.view(-1, 1, 1)
    ordered = column >= row if backwards else column <= row
    return (column < n) & ((row == 0) | ((column > 0) & (ordered | (row >= n))))


def additive(visible: Tensor) -> Tensor:
    """[B, .., L] -> [B, 1, .., L]"""
    return visible.logical_not().float().mul(-10000.0).unsqueeze(1)


# ---- the model ---------------------------------------------------------------------------------------------------------------


class Flm(nn.Module):
    """Two causal streams encode a text beside a picture; the reconstructor predicts every token from both. Models of other
    objectives have one stream. config["streams"] says which it is: both, left-to-right, bidirectional or prefix.

    Wherever a method takes pictures, it takes uint8 [B, 3, S, S], the same normalised as float, or what encode_images made of
    them, [B, P, W]; one picture serves all texts."""

    def __init__(self, config: dict, tokenizer: Optional[Tokenizer] = None):
        super().__init__()
        self.config, self.tokenizer, self.preprocessor = config, tokenizer, {}
        hidden = config["hidden_size"]
        self.kind: str = config["streams"]
        self.mask_id: int = config["mask_token_id"]
        self.pad_id: int = config["pad_token_id"]
        self.vit_model = VisionModel(config["vision_config"])
        self.text_transformer = TextTransformer(config)
        self.cross_modal_text_transform = nn.Linear(hidden, hidden)
        self.cross_modal_image_transform = nn.Linear(config["vision_config"]["hidden_size"], hidden)
        self.token_type_embeddings = nn.Embedding(3 if config["pairs"] else 2, hidden)
        self.cross_modal_text_layers = nn.ModuleList([CrossModalLayer(config) for _ in range(config["num_top_layers"])])
        self.token_type_embeddings_flm = None
        if config["reconstructor"]:
            self.token_type_embeddings_flm = nn.Embedding(2, hidden)
            bottom, top = config["num_reconstructor_bottom_layers"], config["num_reconstructor_top_layers"]
            self.fusion_layers_bottom = nn.ModuleList([ReconstructorLayer(config) for _ in range(bottom)])
            self.fusion_layers_top = nn.ModuleList([ReconstructorLayer(config) for _ in range(top)])
        else:
            self.fusion_layers_bottom, self.fusion_layers_top = nn.ModuleList(), nn.ModuleList()
        self.lm_score = TokenHead(config) if config["token_head"] == "lm_score" else None
        self.mlm_score = TokenHead(config) if config["token_head"] == "mlm_score" else None
        self.cross_modal_text_pooler, self.cross_modal_text_pooler_f = None, None
        for head in config["classifiers"]:
            if config["reconstructor"]:
                self.cross_modal_text_pooler_f = Dense(hidden, hidden)
            else:
                self.cross_modal_text_pooler = Dense(hidden, hidden)
            width, outputs = head["joined"] * hidden, head["outputs"]
            classifier = nn.Linear(width, outputs)
            if head["wide"]:
                wide = 2 * hidden
                classifier = nn.Sequential(nn.Linear(width, wide), nn.LayerNorm(wide), nn.GELU(), nn.Linear(wide, outputs))
            outer, *inner = head["name"].split(".")
            for name in reversed(inner):
                classifier = nn.ModuleDict({name: classifier})
            setattr(self, outer, classifier)

    @staticmethod
    def load(folder: str, device: str = "cpu") -> "Flm":
        """The model in a folder, ready to be asked."""
        config = read_json(folder, "config.json")
        model = Flm(config, Tokenizer(folder, config))
        model.preprocessor = read_json(folder, "preprocessor_config.json")
        model.load_state_dict(read_safetensors(os.path.join(folder, "model.safetensors")), strict=True)
        return model.to(device).eval()

    # ---- pictures

    def encode_images(self, pictures: Tensor) -> Tensor:
        """-> features [B, P, W]; features are returned as they are."""
        if pictures.dim() == 3:
            return pictures
        if pictures.dtype == torch.uint8:
            mean = torch.tensor([0.48145466, 0.4578275, 0.40821073], device=pictures.device).view(1, 3, 1, 1)  # CLIP's
            deviation = torch.tensor([0.26862954, 0.26130258, 0.27577711], device=pictures.device).view(1, 3, 1, 1)
            pictures = pictures.float().div(255.0).sub(mean).div(deviation)
        return self.vit_model.visual(pictures.to(self.cross_modal_image_transform.weight.dtype))

    def read_pictures(self, paths: List[str]) -> Tensor:
        """Pictures as the model was trained on them, uint8 [B, 3, S, S]. Needs Pillow."""
        return read_pictures(paths, self.preprocessor)

    def projected(self, pictures: Tensor, rows: int, second: bool) -> Tensor:
        """Pictures as the cross-modal layers read them [rows, P, H]. second: they are the second ones of pairs."""
        image = self.cross_modal_image_transform(self.encode_images(pictures))
        image = image + self.token_type_embeddings.weight[2 if second else 1]
        return image.expand(rows, -1, -1) if image.size(0) == 1 else image

    # ---- texts

    def stream(self, ids: Tensor, mask: Tensor, types: Tensor, image: Tensor) -> Tuple[List[Tensor], List[Tensor]]:
        """One stream: the outputs of its layers below the fusion, and in it, [B, L, H] each."""
        bottom = self.text_transformer(self.text_transformer.embeddings(ids), mask)
        x = self.cross_modal_text_transform(bottom[-1]) + types
        top: List[Tensor] = []
        for layer in self.cross_modal_text_layers:
            x = layer(x, mask, image)
            top.append(x)
        return bottom, top

    def left_to_right(self, ids: Tensor, lengths: Tensor, image: Tensor) -> Tensor:
        """The l2r stream alone [B, L, H]."""
        mask = additive(causal(lengths, ids.size(1), False))
        return self.stream(ids, mask, self.token_type_embeddings.weight[0], image)[1][-1]

    def features(self, pictures: Tensor, ids: Tensor, left: Optional[Tensor], right: Optional[Tensor],
                 prefixes: Optional[Tensor], second: bool) -> Dict[str, Tensor]:
        """What the last layers make of texts [B, L, H]: of rec, l2r and r2l, or of the one stream, which is called text."""
        length, lengths = ids.size(1), ids.ne(self.pad_id).sum(1)
        image = self.projected(pictures, ids.size(0), second)
        forward = causal(lengths, length, False)
        i = torch.arange(length, device=ids.device)
        row, column = i.view(1, -1, 1), i.view(1, 1, -1)
        types = self.token_type_embeddings.weight
        if self.token_type_embeddings_flm is not None:
            flm_types = self.token_type_embeddings_flm.weight
            backward = causal(lengths, length, True)
            l2r = self.stream(ids, additive(forward), types[0], image)
            r2l = self.stream(ids, additive(backward), flm_types[0], image)
            # Corrupt: a token sees neither its own column nor its span [i - left, i + right].
            begin = row if left is None else row - left.unsqueeze(2)
            end = row if right is None else row + right.unsqueeze(2)
            hidden_l = (column >= begin) & (column <= row) & (row > 0)
            hidden_r = (column >= row) & (column <= end) & (row > 0)
            mask = additive(torch.cat([forward & ~hidden_l, backward & ~hidden_r], 2))
            # Predict: <mask> wherever a word is; pads are 0, so that their positions keep counting.
            inside = (i.view(1, -1) > 0) & (i.view(1, -1) < lengths.view(-1, 1) - 1)
            query = torch.where(inside, torch.full_like(ids, self.mask_id), ids).masked_fill(ids.eq(self.pad_id), 0)
            x = self.text_transformer.embeddings(query)
            skipped = len(l2r[0]) - len(self.fusion_layers_bottom)
            for depth, layer in enumerate(self.fusion_layers_bottom):
                x = layer(x, torch.cat([l2r[0][skipped + depth], r2l[0][skipped + depth]], 1), mask)
            x = self.cross_modal_text_transform(x) + flm_types[1]
            skipped = len(l2r[1]) - len(self.fusion_layers_top)
            for depth, layer in enumerate(self.fusion_layers_top):
                x = layer(x, torch.cat([l2r[1][skipped + depth], r2l[1][skipped + depth]], 1), mask)
            return {"rec": x, "l2r": l2r[1][-1], "r2l": r2l[1][-1]}
        else:
            visible = forward
            if self.kind == "bidirectional":
                visible = (column < lengths.view(-1, 1, 1)).expand(-1, length, -1)
            elif self.kind == "prefix":
                p = (lengths if prefixes is None else prefixes).view(-1, 1, 1)
                visible = forward | ((row > 0) & (column > 0) & (row < p) & (column < p))
            return {"text": self.stream(ids, additive(visible), types[0], image)[1][-1]}

    def tokens(self, x: Tensor) -> Tensor:
        """[.., H] -> logits [.., V]."""
        if self.lm_score is not None:
            return self.lm_score(x)
        if self.mlm_score is not None:
            return self.mlm_score(x)
        raise RuntimeError("this model was fine-tuned on a task, and predicts no tokens any more: see classify")

    def forward(self, pictures: Tensor, ids: Tensor, left: Optional[Tensor] = None, right: Optional[Tensor] = None,
                prefixes: Optional[Tensor] = None) -> Dict[str, Tensor]:
        """Logits [B, L, V]. Of a model of both streams: rec, where position i says what token i is, given all others but those of
        its span; l2r, where it says what token i + 1 is; r2l, token i - 1. Of others: text.

        left, right: how far the span of each token goes [B, L]; None: its own column alone.
        prefixes: of a prefix model, how many tokens of each row see each other [B]; None: all."""
        features = self.features(pictures, ids, left, right, prefixes, False)
        logits: Dict[str, Tensor] = {}
        for name, x in features.items():
            logits[name] = self.tokens(x)
        return logits

    # ---- tasks and matching

    def class_vectors(self, pictures: Tensor, ids: Tensor, second: bool = False) -> Tensor:
        """What the first position knows of a whole text and its picture [B, H]."""
        features = self.features(pictures, ids, None, None, None, second)
        rec = "rec" in features
        pooler = self.cross_modal_text_pooler_f if rec else self.cross_modal_text_pooler
        return torch.tanh(pooler.dense(features["rec" if rec else "text"][:, 0]))

    @torch.no_grad()
    def classify(self, pictures: Tensor, ids: Tensor, second_pictures: Optional[Tensor] = None) -> Tensor:
        """Logits of the classifier [B, A]: config["id2label"] names the classes of a task. Of image-text matching class 1 is
        "they match"; of retrieval A is 1, a score. second_pictures: of a task of pairs."""
        if not self.config["classifiers"]:
            raise RuntimeError("this model has no classifier: it was neither fine-tuned on a task nor trained with matching")
        head = self.config["classifiers"][-1]
        vectors = [self.class_vectors(pictures, ids)]
        if head["joined"] == 2:
            if second_pictures is None:
                raise ValueError("this task is about pairs of pictures: give second_pictures")
            vectors.append(self.class_vectors(second_pictures, ids, True))
        return self.get_submodule(head["name"])(torch.cat(vectors, 1))

    @torch.no_grad()
    def answer(self, pictures: Tensor, texts: List[str], second_pictures: Optional[Tensor] = None) -> List[str]:
        """The likeliest class for each text."""
        ids = self.tokenizer.batch(texts).to(pictures.device)
        best = self.classify(pictures, ids, second_pictures).argmax(1).tolist()
        return [self.config["id2label"][str(number)] for number in best]

    # ---- captions: by the l2r stream

    def next_token(self, pictures: Tensor, ids: Tensor) -> Tensor:
        """The logits of the token after texts without pads [B, V]."""
        lengths = torch.full((ids.size(0),), ids.size(1), dtype=torch.long, device=ids.device)
        return self.tokens(self.left_to_right(ids, lengths, self.projected(pictures, ids.size(0), False))[:, -1])

    def log_likelihood(self, pictures: Tensor, ids: Tensor) -> Tensor:
        """The logarithm of each text's probability beside its picture [B], of its tokens from column 2 on."""
        lengths = ids.ne(self.pad_id).sum(1)
        x = self.left_to_right(ids, lengths, self.projected(pictures, ids.size(0), False))
        each = F.log_softmax(self.tokens(x[:, 1:-1]), -1).gather(2, ids[:, 2:].unsqueeze(2)).squeeze(2)
        return each.masked_fill(ids[:, 2:].eq(self.pad_id), 0.0).sum(1)

    @torch.no_grad()
    def caption_ids(self, pictures: Tensor, max_tokens: int = 30) -> List[List[int]]:
        """The likeliest token again and again, until </s> or so many tokens."""
        if self.kind == "bidirectional" or self.lm_score is None:
            raise RuntimeError("this model has no l2r stream with a head to write captions with")
        pictures = self.encode_images(pictures)
        end = self.config["eos_token_id"]
        start = [self.config["bos_token_id"]] + ([end] if self.config["begin_token"] else [])
        ids = torch.tensor(start, device=pictures.device).expand(pictures.size(0), -1)
        rows, ended = [list(start) for _ in range(pictures.size(0))], [False] * pictures.size(0)
        while ids.size(1) < min(max_tokens, self.config["max_position_embeddings"] - self.config["first_position"]) and not all(ended):
            best = self.next_token(pictures, ids).argmax(1)
            ids = torch.cat([ids, best.unsqueeze(1)], 1)
            for number, token in enumerate(best.tolist()):
                if not ended[number]:
                    rows[number].append(token)
                    ended[number] = token == end
        return rows

    def caption(self, pictures: Tensor, max_tokens: int = 30) -> List[str]:
        """A caption for each picture."""
        return [self.tokenizer.read(row) for row in self.caption_ids(pictures, max_tokens)]


def main() -> None:
    parser = argparse.ArgumentParser(description="Asks the model in the folder of this file.")
    parser.add_argument("--folder", default=os.path.dirname(os.path.abspath(__file__)))
    parser.add_argument("--device", default="cpu")
    commands = parser.add_subparsers(dest="command", required=True)
    caption = commands.add_parser("caption", help="writes a caption for each picture")
    caption.add_argument("pictures", nargs="+")
    ask = commands.add_parser("ask", help="answers a question of the model's task about a picture, or a pair of them")
    ask.add_argument("text")
    ask.add_argument("pictures", nargs="+")
    options = parser.parse_args()
    model = Flm.load(options.folder, options.device)
    pictures = model.read_pictures(options.pictures).to(options.device)
    if options.command == "caption":
        for path, text in zip(options.pictures, model.caption(pictures)):
            print(f"{path}: {text}")
    else:
        print(model.answer(pictures[:1], [options.text], pictures[1:] if len(pictures) > 1 else None)[0])


if __name__ == "__main__":
    main()
