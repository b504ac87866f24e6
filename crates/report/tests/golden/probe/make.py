"""Makes probe.json: logistic regressions, silhouettes and a t-SNE map by scikit-learn on small data drawn here.

Made with Python 3.11, scikit-learn 1.9.1, NumPy 2.4.6. Tolerances are stated in the tests.
Usage: python make.py > probe.json
"""

import json

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.manifold import TSNE, trustworthiness
from sklearn.metrics import silhouette_score

random = np.random.default_rng(11)
ROUND = 4


def rounded(values):
    return np.asarray([[round(float(v), ROUND) for v in row] for row in values], dtype=np.float32)


# Four overlapping classes of 10, 20, 40 and 50 points in six dimensions.
labels = np.repeat([0, 1, 2, 3], [10, 20, 40, 50])
centres = random.normal(0, 1, (4, 6))
points = rounded(centres[labels] + random.normal(0, 1, (len(labels), 6)))
points64 = points.astype(np.float64)
fits = []
for c in [10.0, 1.0, 0.01]:
    model = LogisticRegression(C=c, class_weight="balanced", tol=1e-10, max_iter=100_000)
    model.fit(points64, labels)
    fits.append({
        "c": c,
        "weights": model.coef_.T.tolist(),
        "intercepts": model.intercept_.tolist(),
        "probabilities": model.predict_proba(points64).tolist(),
    })
pair = labels >= 2
two = LogisticRegression(C=1.0, class_weight="balanced", tol=1e-10, max_iter=100_000)
two.fit(points64[pair], labels[pair])

silhouettes = []
for name, grouping in {
    "the classes": labels,
    "two by two": labels // 2,
    "by turns": np.arange(len(labels)) % 5,
    "one point alone": np.where(np.arange(len(labels)) == 7, 9, labels),
}.items():
    value = silhouette_score(points64, grouping)
    silhouettes.append({"name": name, "groups": grouping.tolist(), "value": float(value)})

# Five clusters of 40 in eight dimensions.
clusters = np.repeat(np.arange(5), 40)
cloud = rounded(random.normal(0, 2, (5, 8))[clusters] + random.normal(0, 1, (200, 8)))
tsne = TSNE(method="exact", init="pca", perplexity=20, learning_rate="auto", max_iter=1000, random_state=1)
places = tsne.fit_transform(cloud.astype(np.float64))

print(json.dumps({
    "points": points64.round(ROUND).tolist(),
    "labels": labels.tolist(),
    "fits": fits,
    "two_classes": {
        "rows": np.flatnonzero(pair).tolist(),
        "probabilities": two.predict_proba(points64[pair]).tolist(),
    },
    "silhouettes": silhouettes,
    "cloud": cloud.astype(np.float64).round(ROUND).tolist(),
    "clusters": clusters.tolist(),
    "perplexity": 20.0,
    "divergence": float(tsne.kl_divergence_),
    "neighbours": 10,
    "trustworthiness": float(trustworthiness(cloud, places, n_neighbors=10)),
}))
