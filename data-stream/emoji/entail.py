"""Makes sentences that follow from a picture, may be true of it, or are not: entail-train.jsonl.gz and entail-val.jsonl.gz.

    python entail.py

A sentence asks for one keyword: "it has to do with citrus." It follows from the pictures of emoji that have the keyword; it may be true of those that
lack it, but share a subcategory with one that has it; it is false of those with which no emoji of the keyword shares a category. Keywords
without pictures of all three kinds, rare ones, and skin tones are not asked for. Each sentence that is drawn stands beside one picture of each kind, so the text alone
tells nothing. Skin tones of one emoji count as one when a picture is drawn, else most pictures would be people.
"""

import collections
import gzip
import json
import pathlib
import random
import tarfile

HERE = pathlib.Path(__file__).parent
LEAST = 4  # emoji that have a keyword which is asked for
LABELS = ("entailment", "neutral", "contradiction")


def emoji(style):
    """Pictures of a style by what they show: name without skin tone -> metadata with the keys of its pictures."""
    kinds = {}
    with tarfile.open(HERE / f"emoji-{style}.tar.gz") as shard:
        for member in shard:
            if member.name.endswith(".json"):
                data = json.load(shard.extractfile(member))
                kind = kinds.setdefault(data["name"].split(":")[0] if data["skin_tone"] else data["name"], {
                    "category": data["category"], "subcategory": data["subcategory"], "words": set(), "keys": []})
                kind["words"] |= {word for word in data["keywords"] if "skin tone" not in word}
                kind["keys"].append(member.name.removesuffix(".json"))
    return kinds


def write(name, styles, draws, seed):
    random_ = random.Random(seed)
    kinds = [kind for style in styles for kind in emoji(style).values()]
    having = collections.defaultdict(list)
    for kind in kinds:
        for word in kind["words"]:
            having[word].append(kind)
    by_word = {}  # keyword -> what it follows from, may be true of, is not true of
    for word, own in sorted(having.items()):
        subcategories = {kind["subcategory"] for kind in own}
        categories = {kind["category"] for kind in own}
        near = [kind for kind in kinds if word not in kind["words"] and kind["subcategory"] in subcategories]
        far = [kind for kind in kinds if kind["category"] not in categories]
        if len(own) >= LEAST * len(styles) and near and far:
            by_word[word] = (own, near, far)
    words = sorted(by_word)
    lines = []
    for draw in range(draws):
        word = random_.choice(words)
        for label, kinds_ in zip(LABELS, by_word[word]):
            lines.append({"pairID": f"{name}-{draw}-{label[0]}", "image": random_.choice(random_.choice(kinds_)["keys"]),
                          "sentence2": f"it has to do with {word}.", "gold_label": label})
    random_.shuffle(lines)
    text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    (HERE / f"entail-{name}.jsonl.gz").write_bytes(gzip.compress(text.encode(), 9, mtime=0))
    print(name, len(words), "keywords", len(lines), "sentences")


write("train", ["noto", "twemoji"], 3000, 1)
write("val", ["fluent"], 500, 2)
