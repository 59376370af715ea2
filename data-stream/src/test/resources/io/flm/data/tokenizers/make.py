"""Makes the tokenizers of this folder and what Python's tokenizers library reads in captions with them.

    pip install tokenizers==0.23.3
    python make.py ../../../../../../../emoji/emoji-noto.tar.gz

Each kind of tokenizer is trained on the names of emoji, then reads captions.txt, one caption a line, without special
tokens, truncation or padding: ids.json holds the ids of each line. Lines are JSON texts, so that any character fits.

bert_uncased.json has the form of bert-base-uncased's file, with its special tokens and nothing added; decoded.json holds the texts
that its ids are read back as.
"""

import json
import sys
import tarfile

from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

SPECIALS = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
SIZE = 400

names = []
with tarfile.open(sys.argv[1]) as shard:
    for member in shard:
        if member.name.endswith(".json"):
            names.append(json.load(shard.extractfile(member))["captions"][0])


def bpe(**options):
    return Tokenizer(models.BPE(unk_token="<unk>", **options))


def gpt2():
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer, trainers.BpeTrainer(
        vocab_size=SIZE + 200, special_tokens=SPECIALS, initial_alphabet=pre_tokenizers.ByteLevel.alphabet()
    )


def clip():
    tokenizer = bpe(end_of_word_suffix="</w>")
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFC(), normalizers.Replace(" +", " "), normalizers.Lowercase()])
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Punctuation(), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]
    )
    return tokenizer, trainers.BpeTrainer(
        vocab_size=SIZE + 400,
        special_tokens=SPECIALS,
        end_of_word_suffix="</w>",
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
    )


def bert():
    tokenizer = Tokenizer(models.WordPiece(unk_token="<unk>"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    return tokenizer, trainers.WordPieceTrainer(vocab_size=SIZE, special_tokens=SPECIALS)


def bert_uncased():
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    return tokenizer, trainers.WordPieceTrainer(
        vocab_size=SIZE, special_tokens=["[PAD]", "[unused0]", "[unused1]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    )


def llama():
    tokenizer = bpe(byte_fallback=True, fuse_unk=True)
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    return tokenizer, trainers.BpeTrainer(
        vocab_size=SIZE + 256,
        special_tokens=SPECIALS + [f"<0x{byte:02X}>" for byte in range(256)],
        max_token_length=12,
    )


def t5():
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Replace(" {2,}", " ")])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    return tokenizer, trainers.UnigramTrainer(vocab_size=SIZE, special_tokens=SPECIALS, unk_token="<unk>")


def words():
    tokenizer = Tokenizer(models.WordLevel(unk_token="<unk>"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    return tokenizer, trainers.WordLevelTrainer(vocab_size=SIZE, special_tokens=SPECIALS)


def unmarked():
    tokenizer = bpe()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    return tokenizer, trainers.BpeTrainer(vocab_size=SIZE, special_tokens=SPECIALS)


with open("captions.txt") as lines:
    captions = [json.loads(line) for line in lines]

ids = {}
for kind in [gpt2, clip, bert, bert_uncased, llama, t5, words, unmarked]:
    tokenizer, trainer = kind()
    tokenizer.train_from_iterator(names, trainer)
    if kind is llama:  # trained as special tokens to get their places, but bytes are pieces like others
        whole = json.loads(tokenizer.to_str())
        whole["added_tokens"] = [token for token in whole["added_tokens"] if not token["content"].startswith("<0x")]
        tokenizer = Tokenizer.from_str(json.dumps(whole))
    if kind is bert_uncased:  # its unused tokens are pieces like others
        whole = json.loads(tokenizer.to_str())
        whole["added_tokens"] = [token for token in whole["added_tokens"] if not token["content"].startswith("[unused")]
        tokenizer = Tokenizer.from_str(json.dumps(whole))
        ends = [(token, tokenizer.token_to_id(token)) for token in ("[CLS]", "[SEP]")]
        tokenizer.post_processor = processors.TemplateProcessing("[CLS] $A [SEP]", "[CLS] $A [SEP] $B:1 [SEP]:1", ends)
    else:
        tokenizer.add_tokens(
            [
                AddedToken("COVID-19", normalized=True),
                AddedToken("New York", normalized=False),
                AddedToken("#art", single_word=True),
                AddedToken("[SEP]", lstrip=True, rstrip=True, special=False),
            ]
        )
        tokenizer.add_special_tokens([AddedToken("<|style|>", special=True)])
    tokenizer.save(f"{kind.__name__}.json", pretty=False)
    if kind is bert_uncased:
        with open("decoded.json", "w") as out:
            json.dump([tokenizer.decode(tokenizer.encode(caption).ids) for caption in captions], out, indent=0)
            out.write("\n")
    ids[kind.__name__] = [tokenizer.encode(caption, add_special_tokens=False).ids for caption in captions]

with open("ids.json", "w") as out:
    out.write("{\n" + ",\n".join(f'"{kind}": {json.dumps(rows, separators=(",", ":"))}' for kind, rows in ids.items()) + "\n}\n")
