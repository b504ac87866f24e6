"""How often a difference of 0 is called one at p < 0.05: the comparison of crates/report/src/eval/comparison.rs beside
two others.

Speakers, seeds, what methods do to speakers and what seeds do to speakers vary normally, in points of UA. Printed are
rates for: ours; a joint bootstrap over seeds and speakers (percentile interval); a t-test over seeds alone, which
takes the speakers for given.

Python 3.11, NumPy 2.4.6, SciPy 1.17.1. Usage: python error_rates.py

seeds speakers   ours  joint bootstrap  seeds alone
    1       20  0.233            0.280        0.000
    1       91  0.512            0.522        0.000
    2       20  0.043            0.096        0.036
    3        5  0.024            0.065        0.082
    3       20  0.040            0.065        0.057
"""

import numpy as np
from scipy import stats

random = np.random.default_rng(95)
TRIALS, DRAWS = 2000, 1000


def made(seeds, speakers):
    speaker = random.normal(0, 8, speakers)
    groups = []
    for _ in range(2):
        method = random.normal(0, 3, speakers)
        groups.append(
            speaker + method + random.normal(0, 1.5, (seeds, 1)) + random.normal(0, 4, (seeds, speakers))
        )
    return groups


def ours(a, b):
    seeds, speakers = a.shape
    parts = [(np.var(a.mean(0) - b.mean(0), ddof=1) / speakers, speakers - 1)]
    parts += [(np.var(x.mean(1), ddof=1) / seeds, seeds - 1) for x in (a, b) if seeds > 1]
    variance = sum(v for v, _ in parts)
    df = variance**2 / sum(v**2 / d for v, d in parts)
    return 2 * stats.t.sf(abs(a.mean() - b.mean()) / np.sqrt(variance), df) < 0.05


def joint(a, b):
    seeds, speakers = a.shape
    share = lambda n: random.multinomial(n, [1 / n] * n, DRAWS) / n
    w, u, v = share(speakers), share(seeds), share(seeds)
    differences = np.einsum("ds,sk,dk->d", u, a, w) - np.einsum("ds,sk,dk->d", v, b, w)
    low, high = np.quantile(differences, [0.025, 0.975])
    return low > 0 or high < 0


def seeds_alone(a, b):
    return len(a) > 1 and stats.ttest_ind(a.mean(1), b.mean(1), equal_var=False).pvalue < 0.05


print("seeds speakers   ours  joint bootstrap  seeds alone")
for seeds, speakers in [(1, 20), (1, 91), (2, 20), (3, 5), (3, 20)]:
    found = np.mean([[test(a, b) for test in (ours, joint, seeds_alone)] for a, b in (made(seeds, speakers) for _ in range(TRIALS))], axis=0)
    print(f"{seeds:5} {speakers:8} {found[0]:6.3f} {found[1]:16.3f} {found[2]:12.3f}")
