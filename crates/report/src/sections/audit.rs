//! What audits of the data found: findings, classes and lengths.

use pipe_foundation::length_text;

use crate::document::{Block, Cell, Column, Document, Table};
use crate::{AuditEntry, AuditFinding, AuditSeverity, AuditedSource, Report, number};

/// The heading and, for each audit, what it found; nothing where nothing was audited.
pub(crate) fn blocks(report: &Report) -> Vec<Block> {
    if report.audits.is_empty() {
        return Vec::new();
    }
    let mut blocks = vec![Block::Heading("Audit".into())];
    blocks.extend(report.audits.iter().flat_map(blocks_of));
    blocks
}

/// One audit alone.
pub(crate) fn audit_alone(audit: &AuditEntry) -> Document {
    Document {
        title: "Audit".into(),
        blocks: blocks_of(audit),
    }
}

fn blocks_of(audit: &AuditEntry) -> Vec<Block> {
    let mut blocks = vec![Block::Paragraph(verdict(audit))];
    for source in &audit.sources {
        if !source.findings.is_empty() {
            blocks.push(Block::Notes(
                source.findings.iter().map(|f| line(source, f)).collect(),
            ));
        }
        let tables = [class_table(source), duration_table(source)];
        blocks.extend(tables.into_iter().flatten().map(Block::Table));
    }
    let mut findings = audit.sources.iter().flat_map(|source| &source.findings);
    if findings.any(names_fewer) {
        blocks.push(Block::Paragraph(
            "All names are in audit.json of the audit's step, and on the page of the report."
                .into(),
        ));
    }
    blocks
}

/// Whether the message of a finding counts some of its names only.
fn names_fewer(finding: &AuditFinding) -> bool {
    finding.message.ends_with(" more")
}

/// How many findings there are, and what that means.
pub(crate) fn verdict(audit: &AuditEntry) -> String {
    let count = |count: usize, noun: &str| number::counted(count as u64, noun);
    let rest = format!(
        "{}, {}",
        count(audit.warnings, "warning"),
        count(audit.notes, "note")
    );
    match audit.errors {
        0 => format!("No errors, {rest}."),
        errors => format!(
            "{}, {rest}: a score on these recordings means nothing.",
            count(errors, "error")
        ),
    }
}

/// A remark on what errors there are; none where there are none.
pub(crate) fn remark(report: &Report) -> Option<String> {
    let mut codes: Vec<&str> = Vec::new();
    let sources = report.audits.iter().flat_map(|audit| &audit.sources);
    for finding in sources.flat_map(|source| &source.findings) {
        if finding.severity == AuditSeverity::Error && !codes.contains(&finding.code.as_str()) {
            codes.push(&finding.code);
        }
    }
    (!codes.is_empty()).then(|| {
        format!(
            "The audit of the data found errors ({}): a score on these recordings means nothing.",
            codes.join(", ")
        )
    })
}

fn line(source: &AuditedSource, finding: &AuditFinding) -> String {
    let AuditFinding {
        code,
        severity,
        message,
        help,
        ..
    } = finding;
    let name = severity.name();
    format!(
        "{name} {code} in {}: {message}. {}.",
        source.source,
        sentence(help)
    )
}

/// The text with a capital letter.
pub(crate) fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(char::to_uppercase);
    first.into_iter().flatten().chain(letters).collect()
}

/// Utterances of each class; none where nothing is listed.
pub(crate) fn class_table(source: &AuditedSource) -> Option<Table> {
    let mut columns = vec![Column::text("corpus", 0), Column::text("split", 0)];
    let classes = source.classes.iter().enumerate();
    columns.extend(
        classes.map(|(place, class)| {
            Column::new(class.clone(), u8::try_from(place).unwrap_or(u8::MAX))
        }),
    );
    let rows = source.class_table.iter().map(|row| {
        let counts = row.utterances.iter().map(|count| number::count(*count));
        let names = [row.corpus.clone(), row.split.clone()];
        names.into_iter().chain(counts).map(Cell::from).collect()
    });
    table(
        format!("Utterances by class, {}", source.source),
        columns,
        rows.collect(),
    )
}

/// Lengths of recordings; none where none can be read.
pub(crate) fn duration_table(source: &AuditedSource) -> Option<Table> {
    let columns = vec![
        Column::text("corpus", 0),
        Column::text("split", 0),
        Column::new("readable", 1),
        Column::new("speakers", 0),
        Column::new("total", 0),
        Column::new("shortest", 2),
        Column::new("median", 3),
        Column::new("longest", 2),
    ];
    let rows = source.duration_table.iter().map(|row| {
        let seconds = |seconds: f64| format!("{seconds:.2} s");
        let cells = [
            row.corpus.clone(),
            row.split.clone(),
            number::count(row.utterances),
            number::count(row.speakers),
            length_text(row.total_s),
            seconds(row.shortest_s),
            seconds(row.median_s),
            seconds(row.longest_s),
        ];
        cells.into_iter().map(Cell::from).collect()
    });
    table(
        format!("Recordings, {}", source.source),
        columns,
        rows.collect(),
    )
}

fn table(caption: String, columns: Vec<Column>, rows: Vec<Vec<Cell>>) -> Option<Table> {
    (!rows.is_empty()).then_some(Table {
        caption,
        columns,
        rows,
        footer_rows: 0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{AuditedClasses, AuditedLengths};

    fn report() -> Report {
        let finding = |code: &str, severity, message: &str, names: &[&str]| AuditFinding {
            code: code.into(),
            severity,
            message: message.into(),
            help: "split by speaker".into(),
            count: names.len(),
            names: names.iter().map(|name| (*name).into()).collect(),
        };
        let source = AuditedSource {
            source: "speech".into(),
            classes: vec!["sad".into(), "joy".into()],
            findings: vec![
                finding(
                    "audit::shared_speaker",
                    AuditSeverity::Error,
                    "1 speaker is in more than one split: a/01 <x> (test 2, train 3)",
                    &["a/01 <x> (test 2, train 3)"],
                ),
                finding(
                    "audit::offset",
                    AuditSeverity::Note,
                    "1 recording is off zero",
                    &["a/7"],
                ),
            ],
            class_table: vec![AuditedClasses {
                corpus: "a".into(),
                split: "train".into(),
                utterances: vec![1_200, 3],
            }],
            duration_table: vec![AuditedLengths {
                corpus: "a".into(),
                split: "train".into(),
                utterances: 1_203,
                speakers: 2,
                total_s: 4_000.0,
                shortest_s: 0.5,
                median_s: 3.0,
                longest_s: 9.25,
            }],
        };
        Report {
            title: "Audited".into(),
            audits: vec![AuditEntry {
                sources: vec![source],
                errors: 1,
                warnings: 0,
                notes: 1,
            }],
            ..Report::default()
        }
    }

    #[test]
    fn findings_and_tables_are_shown_in_every_form() {
        let report = report();
        insta::assert_snapshot!("audit_terminal", report.to_terminal(80, false));
        insta::assert_snapshot!("audit_markdown", report.to_markdown());
        let brief = report.to_terminal_in_brief(80, false);
        assert!(brief.contains("audit::shared_speaker"), "{brief}");
        let page = report.to_html();
        for shown in [
            "<section id=\"audit\">",
            "<span class=\"flag\">error</span>",
            "audit::shared_speaker",
            "<li>a/01 &lt;x&gt; (test 2, train 3)</li>",
            "Split by speaker.",
            "Utterances by class, speech",
            "9.25 s",
        ] {
            assert!(page.contains(shown), "{shown}");
        }
    }

    #[test]
    fn a_report_without_audits_has_no_word_of_them() {
        let report = Report::default();
        let json = serde_json::to_string(&report).unwrap();
        assert!(!json.contains("audit"), "{json}");
        assert!(!report.to_html().contains("id=\"audit\""));
        assert!(!report.to_markdown().contains("Audit"));
    }
}
