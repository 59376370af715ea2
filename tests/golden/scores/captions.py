"""Makes captions.json: what pycocoevalcap says of captions, and which words it counts in them.

    pip install pycocoevalcap==1.2
    python captions.py ../../../data-stream/emoji/emoji-fluent.tar.gz 11 nlvr/dev/dev.json 2

Java is needed for its tokenizer. Candidates follow from the references alone: the same sentence with words in another order,
cut, doubled, or a neighbour's. 11 and 2: every 11th picture, every 2nd sentence; 1 takes all.
"""

import contextlib
import io
import json
import pathlib
import sys
import tarfile

from pycocoevalcap.bleu.bleu import Bleu
from pycocoevalcap.cider.cider import Cider
from pycocoevalcap.rouge.rouge import Rouge
from pycocoevalcap.tokenizer.ptbtokenizer import PTBTokenizer

HERE = pathlib.Path(__file__).parent


def tokenized(captions):
    """The words of each caption; one call, since each starts a JVM."""
    # A word at the end keeps the tokenizer from losing empty lines there.
    lines = {i: [{"caption": caption}] for i, caption in enumerate(captions + ["end"])}
    words = PTBTokenizer().tokenize(lines)
    return [words[i][0] for i in range(len(captions))]


def candidate(kind, own, next_one):
    words = own.split()
    if kind == 0:
        return own
    if kind == 1:
        return " ".join(reversed(words))
    if kind == 2:
        return " ".join(words[: (len(words) + 1) // 2])
    if kind == 3:
        return next_one
    if kind == 4:
        return own + ", " + next_one
    if kind == 5:
        return " ".join(words[1:] + words[:1]) + "."
    return " ".join(w for w in words for _ in range(2))


def measured(name, pictures):
    texts = [text for candidate, references in pictures for text in [candidate] + references]
    words = iter(tokenized(texts))
    res, gts = {}, {}
    for i, (_, references) in enumerate(pictures):
        res[i] = [next(words)]
        gts[i] = [next(words) for _ in references]
    with contextlib.redirect_stdout(io.StringIO()):
        bleu, bleus = Bleu(4).compute_score(gts, res)
    rouge, rouges = Rouge().compute_score(gts, res)
    cider, ciders = Cider().compute_score(gts, res)

    def rounded(numbers):
        return [round(float(x), 7) for x in numbers]

    return {
        "name": name,
        "bleu": rounded(bleu),
        "rougeL": round(float(rouge), 7),
        "cider": round(float(cider), 7),
        "pictures": [
            {
                "candidate": candidate,
                "references": references,
                "scores": rounded([b[i] for b in bleus] + [rouges[i], ciders[i]]),
            }
            for i, (candidate, references) in enumerate(pictures)
        ],
    }


def varied(references):
    """Each with a candidate, of the seven kinds in turn."""
    count = len(references)
    return [
        (candidate(i % 7, own[0], references[(i + 1) % count][0]), own) for i, own in enumerate(references)
    ]


shard, every_picture, sentences_file, every_sentence = sys.argv[1:]
emoji = {}
with tarfile.open(shard) as tar:
    for member in tar:
        if member.name.endswith(".json"):
            emoji[member.name] = json.load(tar.extractfile(member))["captions"]
emoji = [emoji[name] for name in sorted(emoji)][:: int(every_picture)]
sentences = [json.loads(line)["sentence"].replace("\n", " ") for line in open(sentences_file, encoding="utf-8")]
sentences = list(dict.fromkeys(sentences))[:: int(every_sentence)]
awkward = (HERE / "awkward.txt").read_text(encoding="utf-8").split("\n")

words = {text: tokens for text, tokens in zip(awkward, tokenized(awkward))}
two = [("i am a boy", ["am i a boy ?"]), ("she is a girl", ["is she a girl ?"])]
result = {
    "words": words,
    "cases": [
        measured("two", two),
        measured("emoji", varied(emoji)),
        measured("nlvr", varied([[s, sentences[(i + 3) % len(sentences)]] for i, s in enumerate(sentences)])),
        measured("awkward", varied([[a, awkward[i - 1]] for i, a in enumerate(awkward)])),
    ],
}


def lines(value, name):
    """JSON of which each picture is a line."""
    return name + "[\n" + ",\n".join(json.dumps(x, ensure_ascii=False) for x in value) + "\n]"


with open(HERE / "captions.json", "w", encoding="utf-8") as out:
    out.write('{"words": ' + json.dumps(result["words"], ensure_ascii=False, indent=0))
    out.write(',\n"cases": [')
    for i, case in enumerate(result["cases"]):
        pictures = case.pop("pictures")
        out.write(",\n" if i else "\n")
        out.write(json.dumps(case)[:-1] + lines(pictures, ', "pictures": ') + "}")
    out.write("\n]}\n")
