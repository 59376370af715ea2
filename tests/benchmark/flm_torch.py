"""FLM in PyTorch eager, twice: `Usual` works as the official code does, `SameWork` with the savings of this program.

B batch, L text length, H hidden, P image tokens, V vocabulary. Both read the official tensors of weights.safetensors; both
train on the same predictions and give the same loss: the summed cross entropy of all heads over the number of predictions.
"""
import math
import torch
import torch.nn.functional as F

MEAN = (0.48145466, 0.4578275, 0.40821073)
DEVIATION = (0.26862954, 0.26130258, 0.27577711)
VIT, EMBEDDINGS = "vit_model.visual.", "text_transformer.embeddings."
HEADS = ("rec", "l2r", "r2l")


def normalized(pixels):
    mean, deviation = (torch.tensor(x).view(1, 3, 1, 1) for x in (MEAN, DEVIATION))
    return (pixels.float() / 255 - mean) / deviation


def fast(name):
    return "cross_modal" in name or "fusion_layers" in name or "_score." in name


def decayed(name):
    return "bias" not in name and "LayerNorm.weight" not in name


def norm(p, n, x, eps):
    return F.layer_norm(x, x.shape[-1:], p[n + ".weight"], p[n + ".bias"], eps)


def linear(p, n, x):
    return F.linear(x, p[n + ".weight"], p[n + ".bias"])


def split(x, heads):
    return x.view(x.size(0), x.size(1), heads, -1).transpose(1, 2)


def merge(x):
    return x.transpose(1, 2).reshape(x.size(0), x.size(2), -1)


def hide(visible):
    """The additive mask of what may be seen."""
    return (~visible).float() * -10000.0


def causal(lengths, length, r2l):
    """[B, L, L], True where a row sees a column: row 0 all real ones, no other row column 0, rows of pads 1..n-1."""
    i = torch.arange(length)
    row, column, n = i.view(1, -1, 1), i.view(1, 1, -1), lengths.view(-1, 1, 1)
    ordered = column >= row if r2l else column <= row
    return (column < n) & ((row == 0) | ((column > 0) & (ordered | (row >= n))))


def bidirectional(l2r, r2l, left, right):
    """[B, L, 2L]: both streams' columns, less the span [i - left, i] and [i, i + right]."""
    i = torch.arange(left.size(1))
    row, column = i.view(1, -1, 1), i.view(1, 1, -1)
    hidden = torch.cat([
        (column >= row - left.unsqueeze(2)) & (column <= row),
        (column >= row) & (column <= row + right.unsqueeze(2))], 2)
    return torch.cat([l2r, r2l], 2) & ~(hidden & (row > 0))


class Sizes:
    def __init__(self, model, train):
        self.heads, self.vit_heads = model["heads"], model["image-heads"]
        self.bottom, self.top = model["bottom-layers"], model["top-layers"]
        self.rec_bottom, self.rec_top = model["reconstructor-bottom-layers"], model["reconstructor-top-layers"]
        self.vit_layers, self.patch, self.image = model["image-layers"], model["patch-size"], model["image-size"]
        self.dropout = float(model["dropout"])
        self.weights = torch.tensor([1.0, float(train["l2r-weight"]), float(train["r2l-weight"])])
        self.rate, self.fast_factor = float(train["learning-rate"]), float(train["fast-lr-factor"])
        self.betas, self.eps = (float(train["beta1"]), float(train["beta2"])), float(train["eps"])
        self.decay = float(train["weight-decay"])


# ---- as the official code works ----------------------------------------------------------------------------------------


class Usual:
    """Text padded to 50, a pass for each stream, logits at every position, three calls of the head, AdamW tensor by tensor."""

    LENGTH = 50

    def __init__(self, weights, sizes):
        self.s = sizes
        self.p = {name: value.clone().requires_grad_() for name, value in weights.items()}
        self.m = {name: torch.zeros_like(value) for name, value in self.p.items()}
        self.v = {name: torch.zeros_like(value) for name, value in self.p.items()}
        self.updates = 0

    def batch(self, raw):
        """Padded to the official length; pictures as floats, as the official data sets give them."""
        def pad(x, value):
            return F.pad(x.long(), (0, self.LENGTH - x.size(1)), value=value)
        b = {"ids": pad(raw["ids"], 1), "query": pad(raw["query"], 0), "lengths": raw["lengths"].long()}
        b["left"], b["right"] = pad(raw["left"], 0), pad(raw["right"], 0)
        for head in HEADS:
            b[head] = pad(raw[head], -100)
        b["image"] = normalized(raw["pixels"])
        return b

    def dropout(self, x):
        return F.dropout(x, self.s.dropout, True)

    def attention(self, n, x, memory, mask):
        p, heads = self.p, self.s.heads
        q = split(linear(p, n + ".self.query", x), heads)
        k = split(linear(p, n + ".self.key", memory), heads)
        v = split(linear(p, n + ".self.value", memory), heads)
        scores = torch.matmul(q, k.transpose(-1, -2)) / math.sqrt(q.size(-1))
        if mask is not None:
            scores = scores + mask
        probabilities = self.dropout(torch.softmax(scores, -1))
        return self.dropout(linear(p, n + ".output.dense", merge(torch.matmul(probabilities, v))))

    def layer(self, n, x, eps, mask=None, memory=None, memory_mask=None, own=True):
        p = self.p
        if own:
            x = norm(p, n + ".attention.output.LayerNorm", x + self.attention(n + ".attention", x, x, mask), eps)
        if memory is not None:
            h = self.attention(n + ".crossattention", x, memory, memory_mask)
            x = norm(p, n + ".crossattention.output.LayerNorm", x + h, eps)
        h = linear(p, n + ".output.dense", F.gelu(linear(p, n + ".intermediate.dense", x)))
        return norm(p, n + ".output.LayerNorm", x + self.dropout(h), eps)

    def vision(self, image):
        p, s = self.p, self.s
        x = F.conv2d(image, p[VIT + "conv1.weight"], stride=s.patch).flatten(2).transpose(1, 2)
        x = torch.cat([p[VIT + "class_embedding"].expand(x.size(0), 1, -1), x], 1) + p[VIT + "positional_embedding"]
        x = norm(p, VIT + "ln_pre", x, 1e-5)
        for i in range(s.vit_layers):
            n = f"{VIT}transformer.resblocks.{i}."
            h = norm(p, n + "ln_1", x, 1e-5)
            q, k, v = F.linear(h, p[n + "attn.in_proj_weight"], p[n + "attn.in_proj_bias"]).chunk(3, -1)
            o = F.scaled_dot_product_attention(split(q, s.vit_heads), split(k, s.vit_heads), split(v, s.vit_heads))
            x = x + linear(p, n + "attn.out_proj", merge(o))
            h = linear(p, n + "mlp.c_fc", norm(p, n + "ln_2", x, 1e-5))
            x = x + linear(p, n + "mlp.c_proj", h * torch.sigmoid(1.702 * h))
        return norm(p, VIT + "ln_post", x, 1e-5)

    def embed(self, ids):
        p, real = self.p, (ids != 1).long()
        positions = real.cumsum(1) * real + 1
        x = F.embedding(ids, p[EMBEDDINGS + "word_embeddings.weight"], 1)
        x = x + F.embedding(positions, p[EMBEDDINGS + "position_embeddings.weight"], 1)
        x = x + p[EMBEDDINGS + "token_type_embeddings.weight"][0]
        return self.dropout(norm(p, EMBEDDINGS + "LayerNorm", x, 1e-5))

    def stream(self, ids, mask, image, type_row):
        s, p = self.s, self.p
        x, outputs = self.embed(ids), []
        for i in range(s.bottom):
            x = self.layer(f"text_transformer.encoder.layer.{i}", x, 1e-5, mask)
            outputs.append(x)
        x = linear(p, "cross_modal_text_transform", x) + type_row
        for i in range(s.top):
            x = self.layer(f"cross_modal_text_layers.{i}", x, 1e-12, mask, image)
            outputs.append(x)
        return outputs

    def reconstruct(self, query, l2r, r2l, mask):
        s, p = self.s, self.p
        x = self.embed(query)
        for k in range(s.rec_bottom):
            i = s.bottom - s.rec_bottom + k
            both = torch.cat([l2r[i], r2l[i]], 1)
            x = self.layer(f"fusion_layers_bottom.{k}", x, 1e-12, None, both, mask, False)
        x = linear(p, "cross_modal_text_transform", x) + p["token_type_embeddings_flm.weight"][1]
        for k in range(s.rec_top):
            i = s.bottom + s.top - s.rec_top + k
            both = torch.cat([l2r[i], r2l[i]], 1)
            x = self.layer(f"fusion_layers_top.{k}", x, 1e-12, None, both, mask, False)
        return x

    def logits(self, x):
        p, n = self.p, "lm_score.transform."
        h = norm(p, n + "LayerNorm", F.gelu(linear(p, n + "dense", x)), 1e-12)
        return F.linear(h, p["lm_score.decoder.weight"], p["lm_score.bias"])

    def forward(self, b):
        p = self.p
        l2r = causal(b["lengths"], self.LENGTH, False)
        r2l = causal(b["lengths"], self.LENGTH, True)
        both = hide(bidirectional(l2r, r2l, b["left"], b["right"])).unsqueeze(1)
        types, flm_types = p["token_type_embeddings.weight"], p["token_type_embeddings_flm.weight"]
        image = linear(p, "cross_modal_image_transform", self.vision(b["image"])) + types[1]
        forward = self.stream(b["ids"], hide(l2r).unsqueeze(1), image, types[0])
        backward = self.stream(b["ids"], hide(r2l).unsqueeze(1), image, flm_types[0])
        features = (self.reconstruct(b["query"], forward, backward, both), forward[-1], backward[-1])
        total, count = 0.0, 0.0
        for head, x, weight in zip(HEADS, features, self.s.weights):
            logits = self.logits(x)
            labels = b[head].view(-1)
            total = total + weight * F.cross_entropy(logits.view(-1, logits.size(-1)), labels, reduction="sum")
            count = count + weight * (labels != -100).sum()
        return total / count

    def update(self):
        """AdamW as in transformers 4.6."""
        self.updates += 1
        b1, b2 = self.s.betas
        root = math.sqrt(1.0 - b2**self.updates) / (1.0 - b1**self.updates)
        with torch.no_grad():
            for name, x in self.p.items():
                if x.grad is None:
                    continue
                rate = self.s.rate * (self.s.fast_factor if fast(name) else 1.0)
                m, v = self.m[name], self.v[name]
                m.mul_(b1).add_(x.grad, alpha=1.0 - b1)
                v.mul_(b2).addcmul_(x.grad, x.grad, value=1.0 - b2)
                x.addcdiv_(m, v.sqrt().add_(self.s.eps), value=-rate * root)
                if decayed(name):
                    x.add_(x, alpha=-rate * self.s.decay)
                x.grad = None


# ---- with the savings of this program -----------------------------------------------------------------------------------


class SameWork:
    """Both streams in one pass, interleaved; packed projections; pads to the longest row; logits where something is
    predicted, one call of the head; fused AdamW. Attention by scaled_dot_product_attention, except where dropout makes the
    plain products faster."""

    def __init__(self, weights, sizes):
        self.s = sizes
        self.p = {name: value.clone().requires_grad_() for name, value in pack(weights).items()}
        groups = {}
        for name, value in self.p.items():
            rate = sizes.rate * (sizes.fast_factor if fast(name) else 1.0)
            groups.setdefault((rate, sizes.decay if decayed(name) else 0.0), []).append(value)
        self.optimizer = torch.optim.AdamW(
            [{"params": ps, "lr": rate, "weight_decay": decay} for (rate, decay), ps in groups.items()],
            betas=sizes.betas, eps=sizes.eps, fused=True)

    def batch(self, raw):
        b = {n: raw[n].long() for n in ("ids", "query", "left", "right", "lengths")}
        length = b["ids"].size(1)
        rows, targets, weights = [], [], []
        for h, head in enumerate(HEADS):
            labels = raw[head].view(-1)
            at = (labels != -100).nonzero().view(-1)
            targets.append(labels[at].long())
            weights.append(self.s.weights[h].expand(at.numel()))
            rows.append(at if h == 0 else (2 * (at // length) + h - 1) * length + at % length)
        b["rec rows"], b["stream rows"] = rows[0], torch.cat(rows[1:])
        b["targets"], b["weights"] = torch.cat(targets), torch.cat(weights)
        b["image"] = normalized(raw["pixels"])
        return b

    def dropout(self, x):
        return F.dropout(x, self.s.dropout, True) if self.s.dropout else x

    def attend(self, q, k, v, mask, heads):
        q, k, v = split(q, heads), split(k, heads), split(v, heads)
        if not self.s.dropout:
            return merge(F.scaled_dot_product_attention(q, k, v, mask))
        scores = torch.matmul(q * (1.0 / math.sqrt(q.size(-1))), k.transpose(-1, -2))
        if mask is not None:
            scores = scores + mask
        return merge(torch.matmul(self.dropout(torch.softmax(scores, -1)), v))

    def self_attention(self, n, x, mask, eps):
        q, k, v = linear(self.p, n + ".self.qkv", x).chunk(3, -1)
        h = linear(self.p, n + ".output.dense", self.attend(q, k, v, mask, self.s.heads))
        return norm(self.p, n + ".output.LayerNorm", x + self.dropout(h), eps)

    def cross_attention(self, n, x, memory, mask):
        q = linear(self.p, n + ".self.query", x)
        k, v = linear(self.p, n + ".self.kv", memory).chunk(2, -1)
        h = linear(self.p, n + ".output.dense", self.attend(q, k, v, mask, self.s.heads))
        return norm(self.p, n + ".output.LayerNorm", x + self.dropout(h), 1e-12)

    def feed_forward(self, n, x, eps):
        h = linear(self.p, n + ".output.dense", F.gelu(linear(self.p, n + ".intermediate.dense", x)))
        return norm(self.p, n + ".output.LayerNorm", x + self.dropout(h), eps)

    vision = Usual.vision
    logits = Usual.logits

    def embed(self, ids, copies):
        p, real = self.p, (ids != 1).long()
        positions = real.cumsum(1) * real + 1
        x = F.embedding(ids, p[EMBEDDINGS + "word_embeddings.weight"], 1)
        x = x + F.embedding(positions, p[EMBEDDINGS + "position_embeddings.weight"], 1)
        x = norm(p, EMBEDDINGS + "LayerNorm", x + p[EMBEDDINGS + "token_type_embeddings.weight"][0], 1e-5)
        return self.dropout(x.repeat_interleave(copies, 0) if copies > 1 else x)

    def forward(self, b):
        p, s = self.p, self.s
        rows, length = b["ids"].shape
        l2r, r2l = causal(b["lengths"], length, False), causal(b["lengths"], length, True)
        mask = hide(torch.stack([l2r, r2l], 1)).view(-1, 1, length, length)
        corrupted = hide(bidirectional(l2r, r2l, b["left"], b["right"])).unsqueeze(1)
        types, flm_types = p["token_type_embeddings.weight"], p["token_type_embeddings_flm.weight"]
        image = linear(p, "cross_modal_image_transform", self.vision(b["image"])) + types[1]

        def joined(x):  # [2B, L, H] -> [B, 2L, H], a view: a sample's l2r positions, then its r2l positions
            return x.view(rows, 2 * length, -1)

        x, outputs = self.embed(b["ids"], 2), []
        for i in range(s.bottom):
            n = f"text_transformer.encoder.layer.{i}"
            x = self.feed_forward(n, self.self_attention(n + ".attention", x, mask, 1e-5), 1e-5)
            outputs.append(x)
        x = linear(p, "cross_modal_text_transform", x)
        x = (x.view(rows, 2, length, -1) + torch.stack([types[0], flm_types[0]]).view(1, 2, 1, -1)).view(x.shape)
        for i in range(s.top):
            n = f"cross_modal_text_layers.{i}"
            x = self.self_attention(n + ".attention", x, mask, 1e-12)
            x = self.cross_attention(n + ".crossattention", joined(x), image, None).view(x.shape)
            x = self.feed_forward(n, x, 1e-12)
            outputs.append(x)

        q = self.embed(b["query"], 1)
        for k in range(s.rec_bottom):
            n = f"fusion_layers_bottom.{k}"
            memory = joined(outputs[s.bottom - s.rec_bottom + k])
            q = self.feed_forward(n, self.cross_attention(n + ".crossattention", q, memory, corrupted), 1e-12)
        q = linear(p, "cross_modal_text_transform", q) + flm_types[1]
        for k in range(s.rec_top):
            n = f"fusion_layers_top.{k}"
            memory = joined(outputs[s.bottom + s.top - s.rec_top + k])
            q = self.feed_forward(n, self.cross_attention(n + ".crossattention", q, memory, corrupted), 1e-12)

        hidden = q.size(-1)
        features = torch.cat([q.view(-1, hidden)[b["rec rows"]], x.view(-1, hidden)[b["stream rows"]]])
        losses = F.cross_entropy(self.logits(features), b["targets"], reduction="none")
        return torch.dot(losses, b["weights"]) / b["weights"].sum()

    def update(self):
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)


def pack(weights):
    """Query, key and value of a layer as one tensor; key and value where the query comes from elsewhere."""
    packed = {}
    for name, value in weights.items():
        for kind in ("weight", "bias"):
            if name.endswith(".self.query." + kind):
                n = name[: -len("query." + kind)]
                own = ".attention.self." in name
                parts = [weights[n + part + kind] for part in ("query.", "key.", "value.")]
                if own:
                    packed[n + "qkv." + kind] = torch.cat(parts)
                else:
                    packed[name] = value
                    packed[n + "kv." + kind] = torch.cat(parts[1:])
        if not any(f".self.{part}." in name for part in ("query", "key", "value")):
            packed[name] = value
    return packed
