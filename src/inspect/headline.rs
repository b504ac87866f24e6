//! What a run reached, in one line.

use std::collections::{BTreeMap, BTreeSet};

use pipe_engine::cache::{Cache, CacheError, Run};
use serde::Serialize;

use super::variant_scores::{VariantScores, variant_scores};

/// What the variants of a run reach on each corpus that their models were not trained on. The folds of a variant count
/// together, and seeds are averaged.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Headline {
    /// Evaluations read.
    pub models: usize,
    /// What each variant reaches.
    pub variants: Vec<VariantScores>,
    /// Best UA of a variant, in 0..=1, by unseen corpus; by any corpus where all are seen.
    pub best: BTreeMap<String, f64>,
    /// Best concordance correlation of a variant, by numeric target and such a corpus.
    pub best_ccc: BTreeMap<String, BTreeMap<String, f64>>,
    /// False where no corpus is unseen.
    pub unseen: bool,
}

/// Up to so many variants are named one by one.
const TOLD: usize = 3;

/// Reads the evaluations of a run; those whose files are gone are left out.
///
/// # Errors
/// When a record cannot be read.
pub fn headline(cache: &Cache, run: &Run) -> Result<Headline, CacheError> {
    let (models, variants) = variant_scores(cache, run)?;
    let unseen: BTreeSet<&String> = variants.iter().flat_map(|one| &one.unseen).collect();
    let counts = |variant: &VariantScores, corpus: &String| {
        unseen.is_empty() || variant.unseen.contains(corpus)
    };
    let raise = |best: &mut BTreeMap<String, f64>, corpus: &String, score: f64| {
        let best = best.entry(corpus.clone()).or_insert(score);
        *best = best.max(score);
    };
    let mut found = Headline {
        models,
        unseen: !unseen.is_empty(),
        ..Headline::default()
    };
    for variant in &variants {
        for (corpus, &ua) in variant
            .ua
            .iter()
            .filter(|(corpus, _)| counts(variant, corpus))
        {
            raise(&mut found.best, corpus, ua);
        }
        for (target, corpora) in &variant.ccc {
            let own = found.best_ccc.entry(target.clone()).or_default();
            for (corpus, &ccc) in corpora.iter().filter(|(corpus, _)| counts(variant, corpus)) {
                raise(own, corpus, ccc);
            }
        }
    }
    found.variants = variants;
    Ok(found)
}

impl Headline {
    /// UA in %, by corpus; empty where no classes were tested.
    pub fn ua_text(&self) -> String {
        let percent = |ua: f64| format!("{:.1}", 100.0 * ua);
        let corpora = self.best.iter().map(|(corpus, &best)| {
            let of = |variant: &VariantScores| variant.ua.get(corpus).copied();
            self.told(corpus, percent(best), |variant| of(variant).map(percent))
        });
        corpora.collect::<Vec<_>>().join("; ")
    }

    /// Concordance correlations, by target and corpus; empty where no numbers were tested.
    pub fn ccc_text(&self) -> String {
        let coefficient = |ccc: f64| match format!("{ccc:.3}") {
            zero if zero == "-0.000" => "0.000".to_owned(),
            text => text,
        };
        let mut parts = Vec::new();
        for (target, corpora) in &self.best_ccc {
            for (corpus, &best) in corpora {
                let of = |variant: &VariantScores| variant.ccc.get(target)?.get(corpus).copied();
                let place = format!("{target} on {corpus}");
                let told = self.told(&place, coefficient(best), |variant| {
                    of(variant).map(coefficient)
                });
                parts.push(told);
            }
        }
        parts.join("; ")
    }

    /// The scores of few variants at a place, or the best of many.
    fn told(
        &self,
        place: &str,
        best: String,
        score: impl Fn(&VariantScores) -> Option<String>,
    ) -> String {
        match self.variants.len() {
            0 | 1 => format!("{place} {best}"),
            2..=TOLD => {
                let variants = self.variants.iter();
                let each =
                    variants.filter_map(|one| Some(format!("{} {}", one.variant, score(one)?)));
                format!("{place}: {}", each.collect::<Vec<_>>().join(", "))
            }
            several => format!("{place} {best} (best of {several} variants)"),
        }
    }
}
