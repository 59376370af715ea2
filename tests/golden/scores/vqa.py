# coding=utf-8
"""Makes vqa.json: what the official evaluation of VQA says of answers. For Python 2.7, as that evaluation is.

    git clone https://github.com/GT-Vision-Lab/VQA
    python2.7 vqa.py VQA/PythonEvaluationTools/vqaEvaluation vqa-val-annotations.json

The answers follow from the annotations: what most people said, with an article, a sign, a number word, without an
apostrophe, or wrong. Behind them come questions of this file's own, with all that is awkward in answers.
"""

from __future__ import unicode_literals

import io
import json
import os
import sys

sys.path.insert(0, sys.argv[1])
from vqaEval import VQAEval  # noqa: E402

NUMBERS = ["none", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]

AWKWARD = [
    "a dog", "the dog", "an apple", "A Dog.", "dog.", "dog!", "dog?", "dogs'", "dog's", "a", "the", "", "  ", "one", "One", "zero",
    "none", "ten", "eleven", "1,000", "1,000 dogs, cats", "1.5", "1.", ".5", "a.m.", "U.S.", "e.g. dog", "3 p.m.", "dont", "don't",
    "Dont know", "cant", "isnt", "its", "shes", "she's", "lets", "hed", "hell", "youre", "couldnt've", "couldn'tve", "couldntve",
    "somebody'd", "somebodys", "ows'at", "ow's'at", "yall", "y'all", "y'allll", "yalldve", "im", "Im", "ive", "twas", "oclock",
    "5 o'clock", "maam", "black/white", "black / white", "black-and-white", "t-shirt", "t -shirt", "red, blue", "red,blue", "red;blue",
    "red; blue", "(red)", "red (dark)", "[x]", "{x}", "x=y", "x + y", "1+1", "a_b", "<b>", "a@b.c", "`x`", '"x"', '" x "', "what?!",
    "\\", "a\\b", "/", "- -", "5%", "$5", "#1", "&", "a & b", "50 %", "*", "~", "café", "CAFÉ", "naïve", "日本語",
    "dog\ncat", "dog\tcat", " dog ", "dog  cat", "dog\u00a0cat", "…", "..", "...", "." * 40, "1.2.3", "1..2", "12:30", "12.30.", "no.1",
    "no. 1", "two two", "a the an", "the one", "one's", "ten's", "twenty one", "one,two", "'x'", "’", "don’t", "yes", "Yes!", "NO",
    "<=5.", "<=5.x", "it'd've", "itdve", "mightnt", "who'dve", "theyll", "whyre", "somethingd've", "thered", "wouldn'tve",
]


class Questions(object):
    def __init__(self, questions):
        self.qa = questions

    def getQuesIds(self):
        return sorted(self.qa)


def changed(answer, kind, others):
    """The kinds of answers, near to right and wrong."""
    if kind == 1:
        return "the " + answer
    if kind == 2:
        return answer.upper() + "!"
    if kind == 3:
        return others
    if kind == 4:
        return NUMBERS[int(answer)] if answer.isdigit() and int(answer) < len(NUMBERS) else answer + "."
    if kind == 5:
        return "a " + answer.replace(" ", "-")
    if kind == 6:
        return answer.replace("'", "").replace(" ", ", ")
    return answer


given, answers = {}, {}
annotations = json.load(io.open(sys.argv[2], encoding="utf-8"))["annotations"]
for i, annotation in enumerate(annotations):
    people = [x["answer"] for x in annotation["answers"]]
    # Every third question's people are made to disagree, or all would be compared as they are.
    if i % 3 == 0:
        people = [changed(p, n % 4, annotations[i - n]["multiple_choice_answer"]) for n, p in enumerate(people)]
    given[i] = {"type": annotation["answer_type"], "people": people}
    answers[i] = changed(annotation["multiple_choice_answer"], i % 7, annotations[i - 1]["multiple_choice_answer"])
for n, own in enumerate(AWKWARD):
    following = AWKWARD[(n + 1) % len(AWKWARD)]
    for count in (2, 10):
        i = len(given)
        given[i] = {"type": "awkward", "people": [own] * count + [following] * (10 - count)}
        answers[i] = AWKWARD[n - 1] if n % 5 == 4 else "the " + own if n % 5 == 3 else own.lower() if n % 5 == 2 else own

questions = {}
for i, question in given.items():
    people = [{"answer": a, "answer_confidence": "yes", "answer_id": n + 1} for n, a in enumerate(question["people"])]
    questions[i] = {"answers": people, "question_type": "any", "answer_type": question["type"]}
evaluation = VQAEval(Questions(questions), Questions({i: {"answer": a} for i, a in answers.items()}), n=9)
normal = [[a, evaluation.processDigitArticle(evaluation.processPunctuation(a.replace("\n", " ").replace("\t", " ").strip()))]
          for a in AWKWARD + sorted(evaluation.contractions)]
evaluation.evaluate()

with io.open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "vqa.json"), "w", encoding="utf-8") as out:
    def line(value):
        return json.dumps(value, ensure_ascii=False, sort_keys=True)

    out.write('{"overall": %s,\n"perAnswerType": %s,\n"normal": [\n' % (
        line(evaluation.accuracy["overall"]), line(evaluation.accuracy["perAnswerType"])))
    out.write(",\n".join(line(pair) for pair in normal) + '\n],\n"questions": [\n')
    rows = []
    for i in sorted(given):
        counts = []
        for a in given[i]["people"]:
            if counts and counts[-1][0] == a:
                counts[-1][1] += 1
            else:
                counts.append([a, 1])
        rows.append(line({"type": given[i]["type"], "people": counts, "answer": answers[i], "accuracy": evaluation.evalQA[i]}))
    out.write(",\n".join(rows) + "\n]}\n")
