//! Utterances that were left out, grouped by reason.

use std::collections::BTreeSet;

use crate::{LeftOut, number};

use super::view::{Section, View, join};
use super::{checks, escape, figure};

/// Largest number of reasons with a list of their own; rarer ones share a list.
const REASONS: usize = 40;

/// The section; none where nothing is known of the run.
pub(super) fn section(view: &View) -> Option<Section> {
    let facts = view.report.facts.as_ref()?;
    if facts.left_out.is_empty() {
        // Without corpora nothing was listed, so nothing can have been left out.
        return (!facts.corpora.is_empty()).then(|| Section {
            id: "left-out",
            title: "Left out".into(),
            body: "<p>No utterances were left out.</p>\n".to_string(),
        });
    }
    let mut groups: Vec<(&str, Vec<&LeftOut>)> = Vec::new();
    for one in &facts.left_out {
        match groups.iter_mut().find(|(reason, _)| *reason == one.reason) {
            Some((_, members)) => members.push(one),
            None => groups.push((&one.reason, vec![one])),
        }
    }
    // Stable: equally frequent reasons stay in the order of the run.
    groups.sort_by_key(|(_, members)| std::cmp::Reverse(members.len()));
    let mut body = format!(
        "<p>{} left out for {}.</p>\n",
        number::counted(facts.left_out.len() as u64, "utterance"),
        number::counted(groups.len() as u64, "reason")
    );
    let rare = groups.split_off(groups.len().min(REASONS));
    for (reason, members) in &groups {
        let steps: BTreeSet<&String> = members.iter().map(|one| &one.step).collect();
        let summary = format!(
            "{} <span class=\"faint\">{}, step {}</span>",
            escape::text(reason),
            number::counted(members.len() as u64, "utterance"),
            escape::text(&join(steps))
        );
        let items: Vec<String> = members.iter().map(|one| one.item.clone()).collect();
        body += &figure::details(&summary, &checks::list(&items));
    }
    if !rare.is_empty() {
        let items: Vec<String> = rare
            .iter()
            .flat_map(|(_, members)| members)
            .map(|one| format!("{}: {} ({})", one.item, one.reason, one.step))
            .collect();
        let summary = format!(
            "Other reasons <span class=\"faint\">{}</span>",
            number::counted(items.len() as u64, "utterance")
        );
        body += &figure::details(&summary, &checks::list(&items));
    }
    Some(Section {
        id: "left-out",
        title: "Left out".into(),
        body,
    })
}
