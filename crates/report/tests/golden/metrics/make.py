"""Makes metrics.json: confusion matrices with scikit-learn's metrics.

Made with Python 3.11, scikit-learn 1.9.1, NumPy 2.4.6. Tolerance in the tests: 1e-12.
Usage: python make.py > metrics.json
"""

import json
import warnings

import numpy as np
from sklearn import metrics

warnings.filterwarnings("ignore")
CASES = {
    "plain": [[40, 7, 3], [10, 20, 12], [5, 9, 60]],
    "perfect": [[5, 0, 0], [0, 6, 0], [0, 0, 7]],
    "all wrong": [[0, 5, 0], [0, 0, 6], [7, 0, 0]],
    "collapsed": [[0, 0, 800], [0, 0, 400], [0, 0, 1600]],
    "nearly collapsed": [[3, 0, 97], [0, 2, 48], [1, 0, 199]],
    "class does not occur": [[8, 2, 1], [0, 0, 0], [3, 0, 9]],
    "class neither occurs nor is predicted": [[8, 0, 1], [0, 0, 0], [3, 0, 9]],
    "class never predicted": [[8, 0, 1], [4, 0, 2], [3, 0, 9]],
    "one class occurs": [[0, 0, 0], [4, 5, 6], [0, 0, 0]],
    "one sample, right": [[0, 0, 0], [0, 1, 0], [0, 0, 0]],
    "one sample, wrong": [[0, 0, 1], [0, 0, 0], [0, 0, 0]],
    "equal majorities": [[1, 1, 0], [2, 0, 0], [0, 0, 1]],
    "large": [[812345, 1234, 99999], [5, 654321, 77], [123456, 7, 1000000]],
    "two classes": [[3, 1], [2, 9]],
    "seven classes": np.random.default_rng(7).integers(0, 30, (7, 7)).tolist(),
}


def number(value):
    return None if np.isnan(value) else float(value)


def golden(rows):
    rows = np.array(rows)
    classes = np.arange(len(rows))
    cells = [(t, p) for t in classes for p in classes]
    truth = np.array([t for t, p in cells])
    predicted = np.array([p for t, p in cells])
    weight = np.array([rows[t, p] for t, p in cells])
    keep = weight > 0
    truth, predicted, weight = truth[keep], predicted[keep], weight[keep]
    occurring = np.unique(truth)
    either = np.union1d(truth, predicted)
    precision, recall, f1, support = metrics.precision_recall_fscore_support(
        truth, predicted, labels=classes, sample_weight=weight, zero_division=np.nan
    )
    return {
        "ua": metrics.balanced_accuracy_score(truth, predicted, sample_weight=weight),
        "macro_recall_of_occurring": metrics.recall_score(
            truth, predicted, labels=occurring, average="macro", sample_weight=weight
        ),
        "macro_recall_of_either": metrics.recall_score(
            truth, predicted, labels=either, average="macro", sample_weight=weight
        ),
        "wa": metrics.accuracy_score(truth, predicted, sample_weight=weight),
        "macro_f1": metrics.f1_score(
            truth, predicted, average="macro", sample_weight=weight, zero_division=0
        ),
        "recall": [number(x) for x in recall],
        "precision": [number(x) for x in precision],
        "f1": [number(x) for x in f1],
        "support": [int(x) for x in support],
    }


cases = [{"name": name, "confusion": rows, **golden(rows)} for name, rows in CASES.items()]
print("[\n" + ",\n".join(json.dumps(case) for case in cases) + "\n]")
