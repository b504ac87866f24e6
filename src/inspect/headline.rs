//! What a run reached, in one line.

use std::collections::BTreeMap;

use pipe_engine::cache::{Cache, CacheError, Run};
use pipe_report::ReportEntry;
use serde::Serialize;

use crate::stage::EVALUATION_ENTRY;

use super::step;

/// The best UA of a run on each corpus that its models were not trained on.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Headline {
    /// Evaluations read.
    pub models: usize,
    /// Best UA, in 0..=1, by unseen corpus; by any corpus where all are seen.
    pub best: BTreeMap<String, f64>,
    /// False where no corpus is unseen.
    pub unseen: bool,
}

/// Reads the evaluations of a run; those whose files are gone are left out.
///
/// # Errors
/// When a record cannot be read.
pub fn headline(cache: &Cache, run: &Run) -> Result<Headline, CacheError> {
    let mut unseen: BTreeMap<String, f64> = BTreeMap::new();
    let mut seen: BTreeMap<String, f64> = BTreeMap::new();
    let mut models = 0;
    for key in run.record.steps.values() {
        let Some(record) = cache.records.get(key)? else {
            continue;
        };
        if step::file(&record, EVALUATION_ENTRY).is_none() {
            continue;
        }
        let Ok(entry) = step::json::<ReportEntry>(cache, &record, EVALUATION_ENTRY) else {
            continue;
        };
        models += 1;
        for (corpus, metrics) in &entry.evaluation.corpora {
            let best = match entry.model.training_corpora.contains(corpus) {
                true => &mut seen,
                false => &mut unseen,
            };
            if let Some(ua) = metrics.ua {
                let best = best.entry(corpus.clone()).or_insert(ua);
                *best = best.max(ua);
            }
        }
    }
    let any_unseen = !unseen.is_empty();
    Ok(Headline {
        models,
        best: if any_unseen { unseen } else { seen },
        unseen: any_unseen,
    })
}

impl std::fmt::Display for Headline {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let best = self.best.iter();
        let parts: Vec<String> = best
            .map(|(corpus, ua)| format!("{corpus} {:.1}", ua * 100.0))
            .collect();
        f.write_str(&parts.join(", "))?;
        if self.models > 1 && !parts.is_empty() {
            write!(f, " (best of {})", self.models)?;
        }
        Ok(())
    }
}
