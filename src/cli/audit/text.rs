//! An audit for people: tables and findings of each source, and how many of each severity there are.

use pipe_foundation::length_text;
use pipe_speech::corpus::audit::{Finding, Severity};

use crate::cli::lines::counted;
use crate::cli::paint::Paint;
use pipe_stages::audit::{AuditOutcome, Severities, SourceAudit};

/// What was found, as text.
pub fn text(outcome: &AuditOutcome, paint: Paint) -> String {
    let mut text = String::new();
    for audit in &outcome.sources {
        text.push_str(&format!("{}\n", paint.bold(&audit.source)));
        text.push_str(&class_lines(audit));
        text.push_str(&duration_lines(audit));
        for finding in &audit.findings {
            text.push_str(&finding_lines(finding, paint));
        }
        text.push('\n');
    }
    let Severities {
        errors,
        warnings,
        notes,
    } = outcome.severities;
    let findings = || outcome.sources.iter().flat_map(|source| &source.findings);
    if findings().any(Finding::is_cut) {
        text.push_str("all names: `pipe audit --json`, in `names` of each finding\n");
    }
    let rest = format!(
        "{}, {}",
        counted(warnings, "warning"),
        counted(notes, "note")
    );
    text.push_str(&match errors {
        0 => format!("no errors, {rest}\n"),
        _ => format!(
            "{}, {rest}: a score on these recordings means nothing (docs/audit.md)\n",
            counted(errors, "error")
        ),
    });
    text
}

fn finding_lines(finding: &Finding, paint: Paint) -> String {
    let name = finding.severity.name();
    let name = match finding.severity {
        Severity::Error => paint.bad(name),
        Severity::Warning => paint.bold(name),
        Severity::Note => paint.faint(name),
    };
    format!(
        "  {name}: {} [{}]\n    {}\n",
        finding.message,
        finding.code,
        paint.faint(finding.help)
    )
}

fn class_lines(audit: &SourceAudit) -> String {
    let rows = audit.class_table.iter().map(|row| {
        let counts = row.utterances.iter().map(usize::to_string);
        [row.corpus.clone(), row.split.name().to_owned()]
            .into_iter()
            .chain(counts)
            .collect()
    });
    let head = ["corpus".to_owned(), "split".to_owned()];
    let head = head.into_iter().chain(audit.classes.iter().cloned());
    table(std::iter::once(head.collect()).chain(rows).collect())
}

fn duration_lines(audit: &SourceAudit) -> String {
    let rows = audit.duration_table.iter().map(|row| {
        vec![
            row.corpus.clone(),
            row.split.name().to_owned(),
            row.utterances.to_string(),
            row.speakers.to_string(),
            length_text(row.total_s),
            format!("{:.2} s", row.shortest_s),
            format!("{:.2} s", row.median_s),
            format!("{:.2} s", row.longest_s),
        ]
    });
    let head = [
        "corpus", "split", "readable", "speakers", "total", "shortest", "median", "longest",
    ];
    let head = head.map(str::to_owned).to_vec();
    table(std::iter::once(head).chain(rows).collect())
}

/// Rows in columns; nothing where there is only a head.
fn table(rows: Vec<Vec<String>>) -> String {
    if rows.len() < 2 {
        return String::new();
    }
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let lines = rows.iter().map(|row| {
        let cells = row.iter().enumerate().map(|(column, cell)| {
            let width = width(column);
            // Names to the left, numbers to the right.
            match column {
                0 | 1 => format!("{cell:<width$}"),
                _ => format!("{cell:>width$}"),
            }
        });
        format!("  {}\n", cells.collect::<Vec<_>>().join("  ").trim_end())
    });
    lines.collect()
}
