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
            "Unweighted accuracy: the mean recall of the classes that occur. Chance is 1 / classes, whatever the \
          class counts are; always saying the most frequent class reaches no more.",
        ),
        (
            "WA",
            "Weighted accuracy: the share of all utterances that were right. Corpora with one large class flatter it.",
        ),
        (
            "In domain",
            "Speakers of the training corpora that were held out of training and validation; all corpora \
          together, so that large ones weigh more.",
        ),
        (
            "Collapsed",
            "At least 95 % of the predictions are one class, and the mean recall of the others is below 10 %.",
        ),
        (
            "Interval over seeds",
            "Student’s t over the runs: how far another mean of as many runs may lie. With two or three \
          runs it is wide.",
        ),
        (
            "Interval over speakers",
            "Bootstrap that draws speakers, not utterances, with replacement: utterances of one \
          speaker are alike, and counting them as independent makes intervals too short.",
        ),
        (
            "Holm",
            "p-values multiplied so that the chance of any false alarm among all compared cells stays below 5 % \
          (Holm 1979).",
        ),
    ];
    if !view.report.probes.is_empty() {
        terms.push((
            "Silhouette",
            "How much nearer an utterance is to its own group than to the next one, from -1 to 1 (Rousseeuw 1987); 0 \
             means that the groups overlap.",
        ));
    }
    let mut body = String::from("<dl>\n");
    for (term, meaning) in terms {
        body += &format!("<dt>{term}</dt><dd>{meaning}</dd>\n");
    }
    body += "</dl>\n";
    let published = view.study.variants.iter().any(|variant| {
        variant
            .cells
            .iter()
            .flatten()
            .any(|cell| cell.published.is_some())
    });
    if published {
        body += &format!("<p>Paper: {}.</p>\n", escape::text(PUBLISHED_SOURCE));
    }
    Some(Section {
        id: "reading",
        title: "How to read the numbers",
        body,
    })
}
