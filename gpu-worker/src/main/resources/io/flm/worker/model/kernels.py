# The arithmetic of the model, in TorchScript; Java composes it (see Kernels.java, FlmModel.java).
#
#   B batch, L text length, H hidden, P image tokens, W image width, V vocabulary, N predictions
#   x           activations [rows, tokens, width]
#   p           a layer's parameters, unpacked in the order in which the layer's class declares them; q, k, v are packed
#   mask        additive, 0 or -10000, [rows or 1, 1, queries or 1, keys]
#   heads       attention heads
#   dt          type of the matrix products: 6 float32, 15 bfloat16; all between them stays float32
#   rate, seed  dropout rate, and the seed of this call's masks
class Kernels(Module):
  training : bool
  generator : Optional[Generator]  # a GPU's, where Java could make one: TorchScript makes none

  # ---- building blocks ----------------------------------------------------------------------------------------------

  def linear(self, x: Tensor, w: Tensor, b: Optional[Tensor], dt: int) -> Tensor:
    if dt == 6:
      return torch.linear(x, w, b)
    if b is not None:
      b = b.to(dt)
    return torch.linear(x.to(dt), w.to(dt), b)

  def norm(self, x: Tensor, g: Tensor, b: Tensor, eps: float) -> Tensor:
    return torch.layer_norm(x.to(6), [x.size(-1)], g, b, eps)

  def drawn_bits(self, groups: int, seed: int) -> Tensor:
    """64 random bits a group, drawn one by one: a CPU's fastest way."""
    g = torch.Generator(device=torch.device("cpu"))
    g.manual_seed(seed)
    return torch.empty([groups], dtype=4).random_(-9223372036854775807 - 1, None, generator=g)

  def hashed_bits(self, x: Tensor, groups: int, seed: int) -> Tensor:
    """64 random bits a group on the device of x, each from its number alone (SplitMix64): for a GPU without a generator."""
    z = torch.arange(groups, device=x.device).mul_(-7046029254386353131).add_(seed)
    z.bitwise_xor_(torch.bitwise_right_shift(z, 30).bitwise_and_(17179869183)).mul_(-4658895280553007687)
    z.bitwise_xor_(torch.bitwise_right_shift(z, 27).bitwise_and_(137438953471)).mul_(-7723592293110705685)
    return z.bitwise_xor_(torch.bitwise_right_shift(z, 31).bitwise_and_(8589934591))  # without the copies of the sign

  def dropout(self, x: Tensor, rate: float, seed: int) -> Tensor:
    """The same seed gives the same mask on devices of a kind, for any number of threads. A value is dropped by 16 random bits;
    a float each would take four times as long."""
    if rate == 0.:
      return x
    g = self.generator
    if g is not None:
      g.manual_seed(seed)
      kept, mask = torch._fused_dropout(x, 1. - rate, g)
      return kept
    n = x.numel()
    if x.is_cuda:
      bits = self.hashed_bits(x, (n + 3) // 4, seed)
    else:
      bits = self.drawn_bits((n + 3) // 4, seed)
    dropped = int(rate * 65536. + 0.5)  # of the values -32768..32767
    keep = torch.view_copy(bits, dtype=2).narrow(0, 0, n).to(6).ge_(float(dropped - 32768)).mul_(65536. / float(65536 - dropped))
    return x * keep.view(x.shape).to(x.dtype)

  def split_heads(self, x: Tensor, heads: int) -> Tensor:
    return x.view([x.size(0), x.size(1), heads, x.size(2) // heads]).transpose(1, 2)

  def attend(self, q: Tensor, k: Tensor, v: Tensor, mask: Optional[Tensor], heads: int, rate: float, seed: int) -> Tensor:
    """Scores are scaled before the mask is added; a row whose keys are all at -10000 attends to all of them."""
    if not q.is_cuda:  # bfloat16 attention is slow in backward on a CPU
      q, k, v = q.to(6), k.to(6), v.to(6)
    q, k, v = self.split_heads(q, heads), self.split_heads(k, heads), self.split_heads(v, heads)
    if mask is not None:
      mask = mask.to(q.dtype)
    if rate == 0.:
      o = torch.scaled_dot_product_attention(q, k, v, mask)
    else:
      scores = torch.matmul(q * (1. / float(q.size(-1)) ** 0.5), k.transpose(-1, -2))
      if mask is not None:
        scores = scores + mask
      o = torch.matmul(self.dropout(torch.softmax(scores, -1, 6).to(v.dtype), rate, seed), v)
    return o.transpose(1, 2).reshape([q.size(0), q.size(2), heads * q.size(3)])

  # ---- layers -------------------------------------------------------------------------------------------------------

  def self_attention(self, x: Tensor, p: List[Tensor], mask: Tensor, heads: int, eps: float, dt: int, rate: float, seed: int) -> Tensor:
    qkv_w, qkv_b, out_w, out_b, norm_g, norm_b = p
    q, k, v = self.linear(x, qkv_w, qkv_b, dt).chunk(3, -1)
    h = self.linear(self.attend(q, k, v, mask, heads, rate, seed), out_w, out_b, dt)
    return self.norm(x + self.dropout(h, rate, seed + 1), norm_g, norm_b, eps)

  def cross_attention(self, x: Tensor, memory: Tensor, p: List[Tensor], mask: List[Tensor], rows: List[Tensor], heads: int, eps: float, dt: int, rate: float, seed: int) -> Tensor:
    """mask: no element or one. rows: none, or one: which sequence of the memory each row reads."""
    q_w, q_b, kv_w, kv_b, out_w, out_b, norm_g, norm_b = p
    q = self.linear(x, q_w, q_b, dt)
    k, v = self.linear(memory, kv_w, kv_b, dt).chunk(2, -1)
    if len(rows) > 0:
      k, v = k.index_select(0, rows[0]), v.index_select(0, rows[0])
    elif k.size(0) != q.size(0):  # one picture for all texts
      k, v = k.expand([q.size(0), -1, -1]), v.expand([q.size(0), -1, -1])
    m: Optional[Tensor] = None
    if len(mask) > 0:
      m = mask[0]
    h = self.linear(self.attend(q, k, v, m, heads, rate, seed), out_w, out_b, dt)
    return self.norm(x + self.dropout(h, rate, seed + 1), norm_g, norm_b, eps)

  def feed_forward(self, x: Tensor, p: List[Tensor], eps: float, dt: int, rate: float, seed: int) -> Tensor:
    wide_w, wide_b, out_w, out_b, norm_g, norm_b = p
    h = self.linear(torch.gelu(self.linear(x, wide_w, wide_b, dt)), out_w, out_b, dt)
    return self.norm(x + self.dropout(h, rate, seed), norm_g, norm_b, eps)

  def vit_block(self, x: Tensor, p: List[Tensor], heads: int, quick: int, dt: int) -> Tensor:
    """quick: 1 for CLIP's quick GELU, 0 for GELU."""
    norm1_g, norm1_b, qkv_w, qkv_b, out_w, out_b, norm2_g, norm2_b, wide_w, wide_b, narrow_w, narrow_b = p
    q, k, v = self.linear(self.norm(x, norm1_g, norm1_b, 1e-5), qkv_w, qkv_b, dt).chunk(3, -1)
    x = x + self.linear(self.attend(q, k, v, None, heads, 0., 0), out_w, out_b, dt)
    h = self.linear(self.norm(x, norm2_g, norm2_b, 1e-5), wide_w, wide_b, dt)
    if quick == 1:
      return x + self.linear(h * torch.sigmoid(1.702 * h), narrow_w, narrow_b, dt)
    return x + self.linear(torch.gelu(h), narrow_w, narrow_b, dt)

  # ---- inputs -------------------------------------------------------------------------------------------------------

  def normalize(self, pixels: Tensor) -> Tensor:
    """[B, 3, S, S] uint8 -> float32, CLIP's mean and deviation of each channel."""
    mean = torch.tensor([0.48145466, 0.4578275, 0.40821073], dtype=6, device=pixels.device).view([1, 3, 1, 1])
    deviation = torch.tensor([0.26862954, 0.26130258, 0.27577711], dtype=6, device=pixels.device).view([1, 3, 1, 1])
    return pixels.to(6).div_(255.).sub_(mean).div_(deviation)

  def patch_embedding(self, image: Tensor, p: List[Tensor], patch: int, dt: int) -> Tensor:
    """[B, 3, S, S] -> [B, P, W], the class token first. The convolution is a product with the unfolded patches."""
    b, g = image.size(0), image.size(2) // patch
    x = image.view([b, 3, g, patch, g, patch]).permute([0, 2, 4, 1, 3, 5]).reshape([b, g * g, 3 * patch * patch])
    patches, class_token, positions, norm_g, norm_b = p
    x = self.linear(x, patches.flatten(1), None, dt).to(6)
    x = torch.cat([class_token.expand([b, 1, -1]), x], 1) + positions
    return self.norm(x, norm_g, norm_b, 1e-5)

  def text_embedding(self, ids: Tensor, p: List[Tensor], copies: int, pad: int, uncounted: int, first: int, eps: float, rate: float, seed: int) -> Tensor:
    """[B, L] -> [copies * B, L, H]; row copies * b + c is copy c of row b. Positions count from first; a token that is not counted
    (-1: there is none) has the one before it. The rows of the pad and of that position get no gradient."""
    words, places, types, norm_g, norm_b = p
    real = ids.ne(uncounted).to(4)
    positions = torch.cumsum(real, 1) * real + (first - 1)
    x = torch.embedding(words, ids, pad) + torch.embedding(places, positions, first - 1) + types[0]
    x = self.norm(x, norm_g, norm_b, eps)
    if copies > 1:
      x = torch.repeat_interleave(x, copies, 0)
    return self.dropout(x, rate, seed)

  def transform_streams(self, x: Tensor, p: List[Tensor], l2r_types: Tensor, r2l_types: Tensor, dt: int) -> Tensor:
    """Interleaved streams [2B, L, H]: type row 0 of its own table for each stream."""
    w, b = p
    y = self.linear(x, w, b, dt).to(6)
    types = torch.stack([l2r_types[0], r2l_types[0]]).view([1, 2, 1, -1])
    return (y.view([x.size(0) // 2, 2, x.size(1), -1]) + types).view(y.shape)

  def transform(self, x: Tensor, p: List[Tensor], types: Tensor, row: int, dt: int) -> Tensor:
    """Linear, plus a type row."""
    w, b = p
    return self.linear(x, w, b, dt).to(6) + types[row]

  def transform_pictures(self, x: Tensor, p: List[Tensor], types: Tensor, rows: Tensor, dt: int) -> Tensor:
    """Linear, plus the type row of each picture."""
    w, b = p
    return self.linear(x, w, b, dt).to(6) + types.index_select(0, rows).unsqueeze(1)

  # ---- masks: FLM sections 3.1 and 3.2 ------------------------------------------------------------------------------

  def causal(self, lengths: Tensor, L: int, r2l: int) -> Tensor:
    """[B, L, L], True where row i sees column j. Row 0 sees all real columns; no other row sees column 0; pads see 1..n-1."""
    i = torch.arange(L, device=lengths.device)
    row, column, n = i.view([1, L, 1]), i.view([1, 1, L]), lengths.view([-1, 1, 1])
    if r2l == 1:
      ordered = column >= row
    else:
      ordered = column <= row
    return column.lt(n).logical_and(torch.where(row.eq(0), row.eq(0), column.gt(0).logical_and(ordered.logical_or(row.ge(n)))))

  def additive(self, visible: Tensor) -> Tensor:
    return visible.logical_not().to(6).mul_(-10000.)

  def stream_mask(self, lengths: Tensor, L: int) -> Tensor:
    """Interleaved streams [2B, 1, L, L]."""
    both = torch.stack([self.causal(lengths, L, 0), self.causal(lengths, L, 1)], 1)
    return self.additive(both).view([-1, 1, L, L])

  def l2r_mask(self, lengths: Tensor, L: int) -> Tensor:
    return self.additive(self.causal(lengths, L, 0)).unsqueeze(1)

  def prefix_mask(self, lengths: Tensor, prefixes: Tensor, L: int) -> Tensor:
    """As the l2r mask, but the columns 1..prefix-1 see each other."""
    i = torch.arange(L, device=lengths.device)
    row, column, p = i.view([1, L, 1]), i.view([1, 1, L]), prefixes.view([-1, 1, 1])
    both_ways = row.gt(0).logical_and(column.gt(0)).logical_and(row.lt(p)).logical_and(column.lt(p))
    return self.additive(self.causal(lengths, L, 0).logical_or(both_ways)).unsqueeze(1)

  def padding_mask(self, lengths: Tensor, L: int) -> Tensor:
    return self.additive(torch.arange(L, device=lengths.device).view([1, L]).lt(lengths.view([-1, 1]))).view([-1, 1, 1, L])

  def reconstructor_mask(self, lengths: Tensor, left: Tensor, right: Tensor) -> Tensor:
    """[B, 1, L, 2L]: both streams' masks side by side, less the span [i - left, i] of l2r and [i, i + right] of r2l."""
    L = left.size(1)
    i = torch.arange(L, device=left.device)
    row, column = i.view([1, L, 1]), i.view([1, 1, L])
    hidden_l = column.ge(row - left.unsqueeze(2)).logical_and(column.le(row)).logical_and(row.gt(0))
    hidden_r = column.ge(row).logical_and(column.le(row + right.unsqueeze(2))).logical_and(row.gt(0))
    visible = torch.cat([
      self.causal(lengths, L, 0).logical_and(hidden_l.logical_not()),
      self.causal(lengths, L, 1).logical_and(hidden_r.logical_not())], 2)
    return self.additive(visible).unsqueeze(1)

  # ---- heads --------------------------------------------------------------------------------------------------------

  def logits(self, x: Tensor, p: List[Tensor], dt: int) -> Tensor:
    """[N, H] -> [N, V]: dense, erf GELU, norm, decoder."""
    dense_w, dense_b, norm_g, norm_b, decoder_w, decoder_b = p
    h = self.norm(torch.gelu(self.linear(x, dense_w, dense_b, dt)), norm_g, norm_b, 1e-12)
    return self.linear(h, decoder_w, decoder_b, dt).to(6)

  def likeliest(self, z: Tensor) -> Tensor:
    """[N, V] -> [N]: argmax, the first of equal ones. On a CPU blocks of tokens are compared first: over all tokens at once argmax
    takes 3 to 20 times as long."""
    blocks = z.size(1) // 64
    if z.is_cuda or blocks == 0:
      return torch.argmax(z, 1)
    parts = z.narrow(1, 0, 64 * blocks).view([z.size(0), blocks, 64])
    most = torch.amax(parts, [2])
    block = torch.argmax(most, 1, True)
    inside = torch.argmax(parts.gather(1, block.unsqueeze(2).expand([-1, 1, 64])).squeeze(1), 1, True)
    best = 64 * block + inside
    if 64 * blocks < z.size(1):
      rest = z.narrow(1, 64 * blocks, z.size(1) - 64 * blocks)
      last = torch.argmax(rest, 1, True)
      best = torch.where(rest.gather(1, last).gt(most.gather(1, block)), last + 64 * blocks, best)
    return best.squeeze(1)

  def select(self, features: List[Tensor], rows: List[Tensor]) -> Tensor:
    """Rows of each [.., H] tensor, one after another: [N, H]."""
    parts: List[Tensor] = []
    for x, r in zip(features, rows):
      parts.append(torch.index_select(x.reshape([-1, x.size(-1)]), 0, r))
    if len(parts) == 1:
      return parts[0]
    return torch.cat(parts)

  def token_loss(self, features: List[Tensor], rows: List[Tensor], targets: Tensor, weights: Tensor, counts: List[int], p: List[Tensor], dt: int) -> List[Tensor]:
    """The weighted sum of the cross entropies, and [2, heads]: each head's own sum and its number of right predictions."""
    z = self.logits(self.select(features, rows), p, dt)
    ce = torch.cross_entropy_loss(z, targets, None, 0, -100, 0.)
    loss = torch.dot(ce, weights)
    d = z.detach()
    right = d.gather(1, targets.unsqueeze(1)).squeeze(1).ge(torch.amax(d, [1])).to(6)  # argmax takes five times as long
    sums: List[Tensor] = []
    for part in torch.split(ce.detach(), counts):
      sums.append(part.sum())
    for part in torch.split(right, counts):
      sums.append(part.sum())
    return [loss, torch.stack(sums)]

  def token_scores(self, features: List[Tensor], rows: List[Tensor], targets: Tensor, p: List[Tensor], dt: int) -> List[Tensor]:
    """The log-probability of each target, and the likeliest token instead."""
    z = self.logits(self.select(features, rows), p, dt)
    return [-torch.cross_entropy_loss(z, targets, None, 0, -100, 0.), self.likeliest(z)]

  def pool(self, x: Tensor, p: List[Tensor], dt: int) -> Tensor:
    """[B, L, H] -> [B, H]: tanh of a linear layer of the first position."""
    w, b = p
    return torch.tanh(self.linear(x.select(1, 0), w, b, dt).to(6))

  def class_logits(self, pooled: Tensor, rows: Tensor, n: int, joined: int, p: List[Tensor], dt: int) -> Tensor:
    """[B, H] -> [n, A]: one linear layer, or two with norm and erf GELU between them."""
    x = torch.index_select(pooled, 0, rows)
    x = x.view([x.size(0) // joined, joined * x.size(1)])
    if len(p) == 2:
      z = self.linear(x, p[0], p[1], dt)
    else:
      wide_w, wide_b, norm_g, norm_b, out_w, out_b = p
      h = torch.gelu(self.norm(self.linear(x, wide_w, wide_b, dt), norm_g, norm_b, 1e-5))
      z = self.linear(h, out_w, out_b, dt)
    return z.to(6).reshape([n, z.numel() // max(1, n)])

  def class_loss(self, z: Tensor, classes: Tensor, weight: float) -> List[Tensor]:
    """The weighted sum of the cross entropies, and [2]: the sum itself, then the number of right predictions."""
    ce = torch.cross_entropy_loss(z, classes, None, 2, -100, 0.)
    right = torch.argmax(z, 1).eq(classes).sum().to(6)
    return [ce * weight, torch.stack([ce.detach(), right])]

  def score_loss(self, z: Tensor, scores: Tensor, weight: float) -> List[Tensor]:
    """The same with binary cross entropy, summed over all answers. A prediction is right if no answer has a better score."""
    bce = torch.binary_cross_entropy_with_logits(z, scores, None, None, 2)
    chosen = scores.gather(1, torch.argmax(z, 1, True)).squeeze(1)
    right = chosen.ge(torch.amax(scores, [1])).logical_and(chosen.gt(0.)).sum().to(6)
    return [bce * weight, torch.stack([bce.detach(), right])]

  # ---- the l2r stream, a column at a time ---------------------------------------------------------------------------
  #
  #   R rows, G pictures that R / G neighbouring rows see each, d width of a head
  #   x           one column [R, H]; what it may see of its row is in the cache
  #   cache       keys and values [2, R, heads, slots, d]; the earlier columns fill the first slots
  #   columns     [2, R]: ids and positions of the column

  def empty_cache(self, x: Tensor, rows: int, heads: int, slots: int, d: int, dt: int) -> Tensor:
    """As attend takes it: bfloat16 on a GPU alone."""
    if not x.is_cuda:
      dt = 6
    return torch.empty([2, rows, heads, slots, d], dtype=dt, device=x.device)

  def column_embedding(self, columns: Tensor, p: List[Tensor], eps: float) -> Tensor:
    words, places, types, norm_g, norm_b = p
    x = torch.embedding(words, columns[0]) + torch.embedding(places, columns[1]) + types[0]
    return self.norm(x, norm_g, norm_b, eps)

  def column_self_attention(self, x: Tensor, p: List[Tensor], cache: Tensor, slot: int, heads: int, eps: float, dt: int) -> Tensor:
    """Puts the column's own keys and values into the slot; it sees that one and all before it."""
    qkv_w, qkv_b, out_w, out_b, norm_g, norm_b = p
    qkv = self.linear(x, qkv_w, qkv_b, dt).view([x.size(0), 3, heads, cache.size(4)])
    cache.select(3, slot).copy_(qkv.narrow(1, 1, 2).transpose(0, 1))
    seen = cache.narrow(3, 0, slot + 1)
    q = qkv.select(1, 0).unsqueeze(2).to(cache.dtype)
    o = torch.scaled_dot_product_attention(q, seen[0], seen[1], None)
    return self.norm(x + self.linear(o.reshape(x.shape), out_w, out_b, dt), norm_g, norm_b, eps)

  def picture_cache(self, memory: Tensor, p: List[Tensor], heads: int, dt: int) -> Tensor:
    """[G, P, H] -> keys and values [2, G, heads, P, d]."""
    q_w, q_b, kv_w, kv_b, out_w, out_b, norm_g, norm_b = p
    kv = self.linear(memory, kv_w, kv_b, dt).view([memory.size(0), memory.size(1), 2, heads, memory.size(2) // heads])
    if not kv.is_cuda:
      kv = kv.to(6)
    return kv.permute([2, 0, 3, 1, 4]).contiguous()

  def column_cross_attention(self, x: Tensor, p: List[Tensor], cache: Tensor, heads: int, eps: float, dt: int) -> Tensor:
    """cache: of the pictures. Rows of a picture are queries beside each other: its keys are read once for all of them."""
    q_w, q_b, kv_w, kv_b, out_w, out_b, norm_g, norm_b = p
    g = cache.size(1)
    q = self.linear(x, q_w, q_b, dt).view([g, x.size(0) // g, heads, cache.size(4)]).transpose(1, 2).to(cache.dtype)
    o = torch.scaled_dot_product_attention(q, cache[0], cache[1], None).transpose(1, 2)
    return self.norm(x + self.linear(o.reshape(x.shape), out_w, out_b, dt), norm_g, norm_b, eps)

  def select_rows(self, caches: List[Tensor], rows: Tensor) -> List[Tensor]:
    """New caches whose rows are those that are given, in this order."""
    selected: List[Tensor] = []
    for cache in caches:
      selected.append(torch.index_select(cache, 1, rows))
    return selected

  def reorder_rows(self, caches: List[Tensor], rows: Tensor, used: int):
    """The same within as many rows: only the slots that are used are moved."""
    for cache in caches:
      seen = cache.narrow(3, 0, used)
      seen.copy_(torch.index_select(seen, 1, rows))

  def column_best(self, x: Tensor, p: List[Tensor], dt: int) -> Tensor:
    """[R]: the likeliest next token."""
    return self.likeliest(self.logits(x, p, dt))

  def column_ranked(self, x: Tensor, p: List[Tensor], count: int, dt: int) -> List[Tensor]:
    """[R, count]: the log-probabilities of the likeliest next tokens, best first, and the tokens."""
    values, tokens = torch.topk(torch.log_softmax(self.logits(x, p, dt), 1), count, 1)
    return [values, tokens]

  def column_drawn(self, x: Tensor, p: List[Tensor], draws: Tensor, temperature: float, top_p: float, dt: int) -> Tensor:
    """[R]: a token for each draw, uniform in [0, 1). The tokens' shares of [0, 1) lie in the order of their numbers, so that a
    rounding moves their ends but exchanges none. Of the nucleus are the likeliest tokens whose sum first reaches top_p."""
    q = torch.softmax(self.logits(x, p, dt).to(7) / temperature, 1)
    if top_p < 1.:
      narrow = q.to(6)  # in float64 sort takes longer
      values, tokens = torch.sort(narrow, 1, True)
      before = torch.cumsum(values.to(7), 1) - values
      least = torch.amin(torch.where(before.lt(top_p), values, 1.), [1], True)
      q = torch.where(narrow.ge(least), q, 0.)
    upto = torch.cumsum(q, 1)
    reached = upto.gt(draws.unsqueeze(1) * upto.narrow(1, upto.size(1) - 1, 1))
    return torch.argmax(reached.to(1), 1)

  # ---- views --------------------------------------------------------------------------------------------------------

  def join_streams(self, x: Tensor) -> Tensor:
    """[2B, L, H] -> [B, 2L, H] without a copy: a sample's l2r positions, then its r2l positions."""
    return x.view([x.size(0) // 2, 2 * x.size(1), x.size(2)])

  def split_streams(self, x: Tensor) -> Tensor:
    """The inverse of join_streams."""
    return x.view([x.size(0) * 2, x.size(1) // 2, x.size(2)])

  # ---- gradients ----------------------------------------------------------------------------------------------------

  def cut(self, x: Tensor) -> Tensor:
    """A leaf with the values of x: an input of the next stage."""
    return x.detach().requires_grad_(True)

  def gradients(self, outputs: List[Tensor], upstream: List[Tensor], inputs: List[Tensor]) -> List[Tensor]:
    """The gradients of sum(outputs . upstream) for each input; zeros for one that was not used."""
    ups: List[Optional[Tensor]] = []
    for u in upstream:
      ups.append(u)
    gs: List[Tensor] = []
    for g, x in zip(torch.autograd.grad(outputs, inputs, ups, False, False, True), inputs):
      if g is None:
        gs.append(torch.zeros_like(x))
      else:
        gs.append(g)
    return gs

  def ones_like(self, x: Tensor) -> Tensor:
    return torch.ones_like(x)

  def sum(self, a: Tensor, b: Tensor) -> Tensor:
    return a + b

  # ---- flat buffers -------------------------------------------------------------------------------------------------

  def copy(self, to: List[Tensor], parts: List[Tensor]):
    torch._foreach_copy_(to, parts)

  def add(self, to: Tensor, part: Tensor):
    to.add_(part)

  def round_bf16(self, x: Tensor):
    x.copy_(x.to(15))

  def fill(self, to: Tensor, value: float):
    to.fill_(value)

  def normal(self, to: Tensor, deviation: float, seed: int):
    g = torch.Generator(device=torch.device("cpu"))
    g.manual_seed(seed)
    to.copy_(torch.randn(to.shape, generator=g, dtype=6).mul_(deviation))

  def l2_norm(self, x: Tensor) -> float:
    return float(torch.linalg_vector_norm(x))

  def adamw(self, p: List[Tensor], g: List[Tensor], m: List[Tensor], v: List[Tensor], step: Tensor, divisor: Tensor, lr: float, decay: float, beta1: float, beta2: float, eps: float):
    """One fused update of ranges that share a rate and a decay; g is divided in place. step is the number of this update."""
    steps: List[Tensor] = []
    for i in range(len(p)):
      steps.append(step)
    torch._fused_adamw_(p, g, m, v, [], steps, lr=lr, beta1=beta1, beta2=beta2, weight_decay=decay, eps=eps, amsgrad=False, maximize=False, grad_scale=divisor)
