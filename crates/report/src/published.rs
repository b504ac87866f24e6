//! The published results, as data.

use std::collections::BTreeSet;

use Attribute::{Corpus as C, Gender as G, Language as L, Speaker as S};

use crate::{Attribute, Method};

/// Where the numbers come from.
pub(crate) const PUBLISHED_SOURCE: &str = "J. Parry et al., \"Speech Emotion Recognition in the Wild using \
    Multi-task and Adversarial Learning\", Interspeech 2022 (single runs)";

/// Corpora the paper trains on, by their names in `corpora.toml`.
pub(crate) const TRAINING_CORPORA: [&str; 6] =
    ["emovo", "emo_db", "iemocap", "epst", "ravdess", "savee"];

/// The classes that the paper distinguishes.
pub(crate) const PAPER_CLASSES: [&str; 3] = ["positive", "neutral", "negative"];

/// What the paper tests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PublishedTest {
    /// TESS, unseen in training.
    Tess,
    /// CREMA-D, unseen in training.
    CremaD,
    /// Held-out speakers of the training corpora.
    InDomain,
}

/// A corpus name without case, hyphens and underscores.
pub(crate) fn plain_name(corpus: &str) -> String {
    corpus
        .chars()
        .filter(|c| !matches!(c, '-' | '_' | ' '))
        .collect::<String>()
        .to_lowercase()
}

/// The plain names of the corpora the paper trains on.
pub(crate) fn paper_training_set() -> BTreeSet<String> {
    TRAINING_CORPORA
        .iter()
        .map(|corpus| plain_name(corpus))
        .collect()
}

/// The plain names of some corpora.
pub(crate) fn plain_names(corpora: &BTreeSet<String>) -> BTreeSet<String> {
    corpora.iter().map(|corpus| plain_name(corpus)).collect()
}

/// True for exactly the paper's training corpora.
pub(crate) fn is_paper_training_set(corpora: &BTreeSet<String>) -> bool {
    plain_names(corpora) == paper_training_set()
}

impl PublishedTest {
    /// The test set that a corpus of that name is.
    pub(crate) fn of_corpus(corpus: &str) -> Option<Self> {
        match plain_name(corpus).as_str() {
            "tess" => Some(Self::Tess),
            "cremad" => Some(Self::CremaD),
            _ => None,
        }
    }
}

/// The baseline's UA in % on TESS, on CREMA-D and in domain.
const BASELINE: [f64; 3] = [49.48, 52.21, 59.32];

/// UA in % on TESS by MTL, GR, AD, then on CREMA-D by MTL, GR, AD.
const OUT_OF_DOMAIN: [(&[Attribute], [f64; 6]); 10] = [
    (&[C], [48.90, 54.71, 40.73, 49.64, 51.82, 51.92]),
    (&[G], [35.13, 45.04, 39.35, 50.13, 53.99, 53.33]),
    (&[S], [52.25, 55.17, 36.98, 49.50, 47.60, 53.23]),
    (&[L], [54.73, 50.10, 33.29, 50.39, 53.92, 50.89]),
    (&[S, G], [34.77, 51.58, 49.19, 52.85, 50.36, 50.11]),
    (&[S, L], [47.42, 55.46, 50.40, 50.26, 53.19, 46.47]),
    (&[G, L], [51.85, 52.79, 52.40, 52.26, 52.92, 49.80]),
    (&[C, G, L], [52.90, 49.40, 51.92, 51.53, 50.57, 45.07]),
    (&[C, S, L], [48.69, 54.75, 50.08, 48.95, 53.71, 46.32]),
    (&[C, S, G, L], [49.17, 51.71, 52.48, 51.54, 50.12, 47.15]),
];

/// UA in % in domain, the three that were published.
const IN_DOMAIN: [(Method, &[Attribute], f64); 3] = [
    (Method::Gr, &[S], 59.98),
    (Method::Mtl, &[G, L], 60.34),
    (Method::Gr, &[C, S, G, L], 56.53),
];

/// The published UA in % of a model on a test set; none where it was never published.
pub(crate) fn published_ua(
    method: Method,
    attributes: &BTreeSet<Attribute>,
    test: PublishedTest,
) -> Option<f64> {
    let same = |letters: &[Attribute]| attributes.iter().eq(letters);
    let column = match method {
        Method::Baseline => {
            let [tess, crema_d, in_domain] = BASELINE;
            return attributes.is_empty().then_some(match test {
                PublishedTest::Tess => tess,
                PublishedTest::CremaD => crema_d,
                PublishedTest::InDomain => in_domain,
            });
        }
        Method::Mtl => 0,
        Method::Gr => 1,
        Method::Ad => 2,
    };
    let offset = match test {
        PublishedTest::Tess => 0,
        PublishedTest::CremaD => 3,
        PublishedTest::InDomain => {
            return IN_DOMAIN
                .iter()
                .find(|(known, letters, _)| *known == method && same(letters))
                .map(|(.., ua)| *ua);
        }
    };
    OUT_OF_DOMAIN
        .iter()
        .find(|(letters, _)| same(letters))
        .map(|(_, row)| row[offset + column])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_where_the_paper_has_them() {
        let set = |letters: &[Attribute]| letters.iter().cloned().collect::<BTreeSet<_>>();
        let none = BTreeSet::new();
        use Method::{Ad, Baseline, Gr, Mtl};
        use PublishedTest::{CremaD, InDomain, Tess};
        assert_eq!(published_ua(Baseline, &none, Tess), Some(49.48));
        assert_eq!(published_ua(Baseline, &none, InDomain), Some(59.32));
        assert_eq!(published_ua(Baseline, &set(&[C]), Tess), None);
        assert_eq!(published_ua(Gr, &set(&[L, S]), Tess), Some(55.46));
        assert_eq!(published_ua(Ad, &set(&[L]), Tess), Some(33.29));
        assert_eq!(published_ua(Mtl, &set(&[S, G]), CremaD), Some(52.85));
        assert_eq!(published_ua(Ad, &set(&[C, S, G, L]), CremaD), Some(47.15));
        assert_eq!(published_ua(Gr, &set(&[C, G]), Tess), None);
        assert_eq!(published_ua(Gr, &set(&[S]), InDomain), Some(59.98));
        assert_eq!(published_ua(Gr, &set(&[C]), InDomain), None);
        // Rows are in the order of the letters, or `same` would never find them.
        for (letters, _) in OUT_OF_DOMAIN {
            assert!(letters.is_sorted());
        }
    }

    #[test]
    fn corpus_names_are_recognised_however_they_are_written() {
        for name in ["crema_d", "crema-d", "CREMA-D", "cremad"] {
            assert_eq!(PublishedTest::of_corpus(name), Some(PublishedTest::CremaD));
        }
        assert_eq!(PublishedTest::of_corpus("TESS"), Some(PublishedTest::Tess));
        assert_eq!(PublishedTest::of_corpus("tess2"), None);
    }
}
