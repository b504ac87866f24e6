//! The probes of a model's shared layers, and what its t-SNE map holds.

use std::collections::BTreeMap;

use pipe_engine::cache::{Cache, StepRecord};
use pipe_report::{EmbeddingMap, ProbeEntry, Sheet, SheetCell, SheetColumn, Tone};

use crate::inspect::step;
use pipe_stages::stage::{MAP_ENTRY, PROBE_ENTRY};

use super::page::{Page, percent};

/// The probes as a table.
///
/// # Errors
/// What the cache lacks, as a lower-case fragment.
pub fn probes(cache: &Cache, record: &StepRecord, page: Page) -> Result<String, String> {
    let entry: ProbeEntry = step::json(cache, record, PROBE_ENTRY)?;
    let mut sheet = Sheet::new("");
    sheet.heading("Probes of the shared layers");
    let columns = vec![
        SheetColumn::text("attribute"),
        SheetColumn::number("values").dispensable(2),
        SheetColumn::number("probe UA"),
        SheetColumn::number("95 % interval").dispensable(1),
        SheetColumn::number("chance"),
        SheetColumn::number("silhouette"),
        SheetColumn::number("utterances").dispensable(3),
    ];
    let rows = entry.probes.iter().map(|probe| {
        let interval = probe.interval.map_or_else(
            || "-".into(),
            |interval| format!("{:.1}–{:.1}", interval.low * 100.0, interval.high * 100.0),
        );
        let silhouette = probe.silhouette;
        [
            probe.attribute.clone(),
            probe.labels.len().to_string(),
            percent(probe.ua),
            interval,
            percent(probe.chance_ua),
            silhouette.map_or_else(|| "-".into(), |value| format!("{value:+.3}")),
            probe.utterances.to_string(),
        ]
        .into_iter()
        .map(|text| (text, Tone::Plain))
        .collect()
    });
    let rows: Vec<Vec<SheetCell>> = rows.collect();
    sheet.table("", columns, rows, 0);
    let remarks = entry.probes.iter().filter_map(|probe| {
        let remark = probe.remark.as_ref()?;
        Some(format!("{}: {remark}", probe.attribute))
    });
    sheet.notes(remarks.collect());
    Ok(page.render(&sheet))
}

/// How many points of which corpus a map has.
///
/// # Errors
/// What the cache lacks, as a lower-case fragment.
pub fn map(cache: &Cache, record: &StepRecord, page: Page) -> Result<String, String> {
    let map: EmbeddingMap = step::json(cache, record, MAP_ENTRY)?;
    let mut corpora: BTreeMap<&str, usize> = BTreeMap::new();
    for point in &map.points {
        *corpora.entry(&point.corpus).or_default() += 1;
    }
    let mut sheet = Sheet::new("");
    sheet.heading("t-SNE map");
    let columns = vec![
        SheetColumn::text("corpus"),
        SheetColumn::number("utterances"),
    ];
    let row = |name: &str, count: usize| {
        vec![
            (name.to_string(), Tone::Plain),
            (count.to_string(), Tone::Plain),
        ]
    };
    let mut rows: Vec<Vec<SheetCell>> = corpora
        .into_iter()
        .map(|(corpus, count)| row(corpus, count))
        .collect();
    rows.push(row("all", map.points.len()));
    sheet.table("", columns, rows, 1);
    sheet.paragraph(format!(
        "Perplexity {}. The map is map.svg under runs/; the report shows it with names.",
        map.perplexity
    ));
    Ok(page.render(&sheet))
}
