"""Makes statistics.json: t intervals, Holm's correction, bootstrap over speakers and paired comparisons.

Made with Python 3.11, NumPy 2.4.6, SciPy 1.17.1, statsmodels 0.14.6. Tolerances in crates/report/src/eval/golden.rs:
1e-9 relative for closed forms; 0.004 for the ends of bootstrap intervals, which is the Monte-Carlo error of the 10,000
draws there (five repetitions here with 40,000 draws lay within 0.003).
Usage: python make.py > statistics.json
"""

import json

import numpy as np
from scipy import stats
from statsmodels.stats.multitest import multipletests

random = np.random.default_rng(20220918)
draws = np.random.default_rng(1993)
DRAWS = 200_000


def t_cases():
    for df in [1, 2, 3, 4, 4.5, 7.25, 10, 30, 90, 1000, 1e6]:
        quantile = stats.t.ppf(0.975, df)
        for t in [0.0, 1e-3, 0.5, 1.0, 2.5, 6.0, 40.0]:
            yield {"df": df, "t": t, "p": 2 * stats.t.sf(t, df), "quantile": quantile}


def mean_cases():
    for values in [[0.5, 0.52], [0.61, 0.58, 0.66], [0.4, 0.41, 0.39, 0.55, 0.47], list(random.uniform(0.4, 0.6, 12))]:
        n = len(values)
        low, high = stats.t.interval(0.95, n - 1, np.mean(values), stats.sem(values))
        yield {"values": values, "low": max(0.0, low), "high": min(1.0, high)}


def holm_cases():
    for p in [[0.01, 0.04, 0.03, 0.005], [0.5], [0.02, 0.02, 0.02], [0.9, 0.8, 0.0, 1.0], list(random.uniform(0, 0.2, 40) ** 2)]:
        yield {"p": p, "corrected": list(multipletests(p, method="holm")[1])}


def speakers(corpora, models):
    """Utterances per speaker and class, and right ones of each model, with speakers of differing skill."""
    support, hits, corpus = [], [], []
    for name, (count, shares) in corpora.items():
        for _ in range(count):
            n = random.poisson(shares)
            skill = random.normal(0, 0.5)
            recalls = [1 / (1 + np.exp(-(np.array(bias) + skill + random.normal(0, 0.2, len(n))))) for bias in models]
            support.append(n)
            hits.append([random.binomial(n, r) for r in recalls])
            corpus.append(name)
    return corpus, np.array(support), np.array(hits)  # speakers; speakers x classes; speakers x models x classes


def ua(weights, support, hits):
    """UA of the mean of models; weights are draws x speakers, hits speakers x classes."""
    present = support.sum(0) > 0
    with np.errstate(invalid="ignore", divide="ignore"):
        return ((weights @ hits) / (weights @ support))[:, present].mean(1)


def strata_of(corpus, least=5):
    names = sorted(set(corpus))
    strata = [[i for i, c in enumerate(corpus) if c == name] for name in names]
    small = sum((s for s in strata if len(s) < least), [])
    strata = [s for s in strata if len(s) >= least]
    if 0 < len(small) < least and strata:
        strata.sort(key=len)
        small = small + strata.pop(0)
    return strata + ([small] if small else [])


def draw(strata, count):
    weights = np.zeros((count, sum(map(len, strata))))
    for stratum in strata:
        n = len(stratum)
        weights[:, stratum] = draws.multinomial(n - 1, [1 / n] * n, count) * n / (n - 1)
    return weights


def bootstrap_interval(corpus, support, hits):
    strata = strata_of(corpus)
    df = sum(len(s) - 1 for s in strata)
    weights = draw(strata, 2 * DRAWS)
    present = support.sum(0) > 0
    weights = weights[((weights @ support)[:, present] > 0).all(1)][:DRAWS]
    tail = stats.norm.cdf(-stats.t.ppf(0.975, df))
    return np.quantile(ua(weights, support, hits.mean(1)), [tail, 1 - tail])


def jackknife(corpus, support, difference):
    strata = strata_of(corpus)
    variance = 0.0
    for stratum in strata:
        n = len(stratum)
        values = []
        for left_out in stratum:
            weights = np.ones((1, len(corpus)))
            weights[0, stratum] = n / (n - 1)
            weights[0, left_out] = 0
            values.append(ua(weights, support, difference)[0])
        variance += (n - 1) / n * np.sum((values - np.mean(values)) ** 2)
    return variance, sum(len(s) - 1 for s in strata)


def comparison(corpus, support, ours, theirs):
    one = np.ones((1, len(corpus)))
    uas = [[ua(one, support, h[:, m])[0] for m in range(h.shape[1])] for h in (ours, theirs)]
    parts = [jackknife(corpus, support, ours.mean(1) - theirs.mean(1))]
    for values in uas:
        if min(map(len, uas)) > 1:
            parts.append((np.var(values, ddof=1) / len(values), len(values) - 1))
    variance = sum(v for v, _ in parts)
    df = variance**2 / sum(v**2 / d for v, d in parts)
    difference = np.mean(uas[0]) - np.mean(uas[1])
    error = np.sqrt(variance)
    half = stats.t.ppf(0.975, df) * error
    return {
        "difference": difference,
        "standard_error": error,
        "degrees_of_freedom": df,
        "low": difference - half,
        "high": difference + half,
        "p": 2 * stats.t.sf(abs(difference) / error, df),
    }


def speaker_cases():
    up, down = [0.3, 0.2, 0.5], [0.0, 0.1, 0.3]
    designs = {
        "91 speakers": ({"a": (91, [14, 12, 56])}, 3, 3),
        "12 speakers, one model": ({"a": (12, [20, 10, 40])}, 1, 1),
        "5 speakers": ({"a": (5, [20, 10, 40])}, 2, 3),
        "three corpora": ({"a": (8, [20, 10, 40]), "b": (30, [5, 9, 7]), "c": (6, [60, 1, 90])}, 3, 2),
        "small corpora drawn together": ({"a": (2, [20, 10, 40]), "b": (7, [5, 9, 7]), "c": (1, [30, 5, 30]), "d": (4, [9, 9, 9])}, 2, 2),
        "a rare class": ({"a": (15, [20, 0.3, 40])}, 2, 2),
        "a class does not occur": ({"a": (15, [20, 0, 40])}, 2, 2),
    }
    for name, (corpora, ours, theirs) in designs.items():
        corpus, support, hits = speakers(corpora, [up] * ours + [down] * theirs)
        low, high = bootstrap_interval(corpus, support, hits[:, :ours])
        case = {
            "name": name,
            "corpora": corpus,
            "support": support.tolist(),
            "ours": hits[:, :ours].tolist(),
            "theirs": hits[:, ours:].tolist(),
            "ua": ua(np.ones((1, len(corpus))), support, hits[:, :ours].mean(1))[0],
            "low": low,
            "high": high,
        }
        rare = (support > 0).sum(0)
        if not (rare == 1).any():
            case["comparison"] = comparison(corpus, support, hits[:, :ours], hits[:, ours:])
        if len(corpora) == 1:  # the ordinary percentile bootstrap, for orientation
            def statistic(index):
                return ua(np.ones((1, len(index))), support[index], hits[index, :ours].mean(1))[0]
            plain = stats.bootstrap((np.arange(len(corpus)),), statistic, n_resamples=9999, method="percentile", vectorized=False, rng=draws) if (rare[support.sum(0) > 0] > 6).all() else None
            if plain is not None:
                case["percentile"] = list(plain.confidence_interval)
        yield case


def plain(value):
    return value.item() if hasattr(value, "item") else value


print(json.dumps({
    "t": list(t_cases()),
    "means": list(mean_cases()),
    "holm": list(holm_cases()),
    "speakers": list(speaker_cases()),
}, default=plain, separators=(",", ":")).replace("},{", "},\n{"))
