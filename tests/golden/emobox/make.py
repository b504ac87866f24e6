"""Makes a fold as EmoBox publishes it, predictions of its test files in both forms, and their scores with the functions
that EmoBox's evaluation calls (accuracy_score, balanced_accuracy_score, f1_score of scikit-learn).

Made with Python 3.11, scikit-learn 1.9.1, NumPy 2.4.6. Tolerance in the test: 1e-12.
Usage: python make.py, in this folder.
"""

import csv
import json
import os
import warnings

import numpy as np
from sklearn.metrics import accuracy_score, balanced_accuracy_score, f1_score

warnings.filterwarnings("ignore")
RANDOM = np.random.default_rng(17)
# Labels of the files, as EmoBox names them in results, and as the corpus of the test writes them.
LABELS = {"ang": ("Angry", "anger"), "hap": ("Happy", "joy"), "neu": ("Neutral", "calm"), "sad": ("Sad", "grief")}
CLASSES = [own for _, own in LABELS.values()]


def utterances(first, count):
    for number in range(first, first + count):
        # Uneven classes, so that UA and WA differ.
        emo = list(LABELS)[RANDOM.choice(4, p=[0.45, 0.1, 0.3, 0.15])]
        yield {
            "key": f"toy-{number:03}-{emo}",
            "dataset": "toy",
            "wav": f"downloads/toy/wav/{number % 5}/{number:03}_{emo}.wav",
            "emo": emo,
            "length": round(float(RANDOM.uniform(1, 4)), 4),
        }


os.makedirs("toy/fold_1", exist_ok=True)
with open("toy/label_map.json", "w") as file:
    json.dump({emo: name for emo, (name, _) in LABELS.items()}, file, indent=1)
parts = {"train": list(utterances(0, 40)), "test": list(utterances(40, 157))}
for part, lines in parts.items():
    with open(f"toy/fold_1/toy_{part}_fold_1.jsonl", "w") as file:
        file.writelines(json.dumps(line) + "\n" for line in lines)

truths, predictions, rows = [], [], []
for line in parts["test"]:
    truth, own = LABELS[line["emo"]]
    known = CLASSES.index(own)
    guess = known if RANDOM.random() < 0.6 else int(RANDOM.integers(0, 4))
    shares = np.full(4, 0.125)
    shares[guess] = 0.625
    name = os.path.splitext(os.path.basename(line["wav"]))[0]
    rows.append([f"toy/{name}", "toy", f"toy/{name[2]}", own, CLASSES[guess], *shares])
    truths.append(truth)
    predictions.append({"key": line["key"], "pred": list(LABELS.values())[guess][0]})
# Results come in the order of ids, not in that of the list.
rows.sort()
with open("predictions.csv", "w", newline="") as file:
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(["utterance", "corpus", "speaker", "emotion", "predicted", *(f"p_{name}" for name in CLASSES)])
    writer.writerows(rows)
with open("predictions.json", "w") as file:
    json.dump(predictions, file, indent=0)
guesses = [line["pred"] for line in predictions]
with open("scores.json", "w") as file:
    scores = {
        "wa": accuracy_score(truths, guesses),
        "ua": balanced_accuracy_score(truths, guesses),
        "macro_f1": f1_score(truths, guesses, average="macro"),
    }
    json.dump({name: float(score) for name, score in scores.items()}, file, indent=1)
