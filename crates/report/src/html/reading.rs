//! How the numbers are to be read: definitions and sources.

use crate::published::PUBLISHED_SOURCE;

use super::escape;
use super::view::{Section, View};

/// The section; none without numbers.
pub(super) fn section(view: &View) -> Option<Section> {
    if view.study.variants.is_empty() {
        return None;
    }
    let mut terms = vec![
        (
            "UA",
            "Unweighted accuracy: the mean recall of the classes that occur. Chance is 1 / number of classes, \
             whatever their sizes; always predicting the most frequent class does no better.",
        ),
        (
            "WA",
            "Weighted accuracy: the share of all utterances that were classified correctly. It favours models that \
             often predict a large class.",
        ),
        (
            "In domain",
            "Speakers of the training corpora that were held out from training and validation; all corpora together, \
             so that large ones weigh more.",
        ),
        (
            "Collapsed",
            "At least 95 % of the predictions are one class, and the mean recall of the others is below 10 %.",
        ),
        (
            "Interval over seeds",
            "The 95 % confidence interval of the mean over seeds, by Student’s t: it covers the mean that very many \
             seeds would have, not the result of the next seed. With three or four runs it is wide; with fewer none is \
             given.",
        ),
        (
            "Interval over speakers",
            "Bootstrap that draws speakers, not utterances, with replacement: utterances of one speaker are \
             correlated, and treating them as independent makes intervals too narrow.",
        ),
        (
            "Holm",
            "p-values adjusted so that the probability of any false positive among all comparisons stays below 5 % \
             (Holm 1979).",
        ),
    ];
    if !view.report.probes.is_empty() {
        terms.push((
            "Silhouette",
            "How much closer an utterance is to its own group than to the nearest other group, from -1 to 1 \
             (Rousseeuw 1987); 0 means that the groups overlap.",
        ));
    }
    let mut body = String::from("<dl>\n");
    for (term, meaning) in terms {
        body += &format!("<dt>{term}</dt><dd>{meaning}</dd>\n");
    }
    body += "</dl>\n";
    if view.has_published() {
        body += &format!("<p>Paper: {}.</p>\n", escape::text(PUBLISHED_SOURCE));
    }
    Some(Section {
        id: "reading",
        title: "How to read the numbers".into(),
        body,
    })
}
