# A trained model as a server asks it: what FlmModel.java composes for the image encoder and for the l2r stream, over the functions of
# kernels.py. The file that is written has those of them that are needed behind this class, and forward, which is one of
# encode, score and next_token: see ServedModel.java.
#
#   B batch, L text length, P image tokens, W image width, V vocabulary
class Served(Module):
  training : bool
  weights : List[Tensor]  # of the layers that are needed, in the order in which they are read
  image_layers : int
  image_heads : int
  patch : int
  quick : int  # 1 for CLIP's quick GELU, 0 for GELU
  bottom_layers : int
  top_layers : int
  heads : int
  pad : int
  uncounted : int
  first : int
  epsilon : float  # of the text layers

  def encode(self, pictures: Tensor) -> Tensor:
    """uint8 [B, 3, S, S] -> features [B, P, W]."""
    w = self.weights
    x = self.patch_embedding(self.normalize(pictures), w[0:5], self.patch, 6)
    at = 5
    for i in range(self.image_layers):
      x = self.vit_block(x, w[at:at + 12], self.image_heads, self.quick, 6)
      at = at + 12
    return self.norm(x, w[at], w[at + 1], 1e-5)

  def stream(self, features: Tensor, ids: Tensor, lengths: Tensor) -> Tensor:
    """The l2r stream of texts beside their pictures, or all beside one: [B, L, H]."""
    w = self.weights
    x = self.text_embedding(ids, w[0:5], 1, self.pad, self.uncounted, self.first, self.epsilon, 0., 0)
    mask = self.l2r_mask(lengths, ids.size(1))
    at = 5
    for i in range(self.bottom_layers):
      x = self.self_attention(x, w[at:at + 6], mask, self.heads, self.epsilon, 6, 0., 0)
      x = self.feed_forward(x, w[at + 6:at + 12], self.epsilon, 6, 0., 0)
      at = at + 12
    x = self.transform(x, w[at:at + 2], w[at + 4], 0, 6)
    image = self.transform(features, w[at + 2:at + 4], w[at + 4], 1, 6)
    none: List[Tensor] = []
    at = at + 5
    for i in range(self.top_layers):
      x = self.self_attention(x, w[at:at + 6], mask, self.heads, 1e-12, 6, 0., 0)
      x = self.cross_attention(x, image, w[at + 6:at + 14], none, none, self.heads, 1e-12, 6, 0., 0)
      x = self.feed_forward(x, w[at + 14:at + 20], 1e-12, 6, 0., 0)
      at = at + 20
    return x

  def words(self, x: Tensor) -> Tensor:
    """Logits [.., V]."""
    return self.logits(x, self.weights[len(self.weights) - 6:len(self.weights)], 6)

  def score(self, features: Tensor, ids: Tensor) -> Tensor:
    """The logarithm of each text's probability [B], of its tokens from column 2 on; pads stand behind them."""
    lengths = ids.ne(self.pad).sum([1])
    x = self.stream(features, ids, lengths)
    targets = ids.narrow(1, 2, ids.size(1) - 2)
    z = torch.log_softmax(self.words(x.narrow(1, 1, ids.size(1) - 2)), 2)
    each = z.gather(2, targets.unsqueeze(2)).squeeze(2)
    return each.masked_fill(targets.eq(self.pad), 0.).sum([1])

  def next_token(self, features: Tensor, ids: Tensor) -> Tensor:
    """The logits of the token behind texts without pads [B, V]."""
    lengths = torch.full([ids.size(0)], ids.size(1), dtype=4, device=ids.device)
    x = self.stream(features, ids, lengths)
    return self.words(x.select(1, ids.size(1) - 1))

  def dropout(self, x: Tensor, rate: float, seed: int) -> Tensor:
    return x

