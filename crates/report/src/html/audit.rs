//! What audits of the data found: a table of findings, their names folded, classes and lengths.

use crate::sections::audit::{class_table, duration_table, sentence, verdict};
use crate::{AuditFinding, AuditSeverity, AuditedSource, number};

use super::printed_tables::markup;
use super::table::{Cell, Column, Table};
use super::view::{Section, View, paragraph};
use super::{checks, escape, figure};

/// The section; none where nothing was audited.
pub(super) fn section(view: &View) -> Option<Section> {
    let audits = &view.report.audits;
    if audits.is_empty() {
        return None;
    }
    let mut body = String::new();
    for audit in audits {
        body += &paragraph(&verdict(audit));
        for source in &audit.sources {
            body += &findings(source);
            let tables = [class_table(source), duration_table(source)];
            body.extend(tables.into_iter().flatten().map(markup));
        }
    }
    Some(Section {
        id: "audit",
        title: "Audit".into(),
        body,
    })
}

/// The findings of a source, the worst first, and the names of each.
fn findings(source: &AuditedSource) -> String {
    if source.findings.is_empty() {
        return String::new();
    }
    let mut table = Table::new(
        format!("Findings, {}", source.source),
        vec![
            Column::text("code"),
            Column::text("severity"),
            Column::number("named"),
            Column::text("found"),
            Column::text("what to do"),
        ],
    );
    table.rows = source.findings.iter().map(row).collect();
    let mut html = table.render();
    for finding in source.findings.iter().filter(|f| !f.names.is_empty()) {
        let summary = format!(
            "{} <span class=\"faint\">{}, {}</span>",
            escape::text(&finding.code),
            number::counted(finding.names.len() as u64, "name"),
            escape::text(&source.source)
        );
        html += &figure::details(&summary, &checks::list(&finding.names));
    }
    html
}

fn row(finding: &AuditFinding) -> Vec<Cell> {
    let name = finding.severity.name();
    let (severity, rank) = match finding.severity {
        AuditSeverity::Error => (format!("<span class=\"flag\">{name}</span>"), 0.0),
        AuditSeverity::Warning => (name.to_owned(), 1.0),
        AuditSeverity::Note => (format!("<span class=\"faint\">{name}</span>"), 2.0),
    };
    vec![
        Cell::text(&finding.code),
        Cell::markup(severity).sorted_by(Some(rank)),
        Cell::text(number::count(finding.count as u64)),
        Cell::text(sentence(&finding.message)).class("wide"),
        Cell::text(format!("{}.", sentence(&finding.help))).class("wide"),
    ]
}
