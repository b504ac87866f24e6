//! `pipe audit`: what makes a result meaningless, said before anything trains.

use std::path::Path;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use pipe_engine::manifest::suggest;
use pipe_foundation::length_text;
use pipe_foundation::progress::{EpochReport, Progress};
use pipe_nn::model::Device;
use pipe_speech::corpus::audit::{Finding, Severity};
use serde_json::json;

use crate::audit::{
    AuditSource, SourceAudit, audit_source, between, measure_all, of_corpus, of_plan,
};

use super::arguments::{AuditArguments, Common, ManifestArguments};
use super::console::print;
use super::context;
use super::error::CliError;
use super::lines::counted;
use super::paint::Paint;
use super::signals::Signals;

/// Prints what is wrong with the recordings of a manifest or a corpus; 1 where a score on them means nothing.
pub fn audit(arguments: &AuditArguments, common: &Common) -> Result<u8, CliError> {
    end_when_asked();
    let sources = match is_manifest(&arguments.what) {
        true => sources_of_manifest(arguments, common)?,
        false => vec![source_of_corpus(arguments, common)?],
    };
    let bar = Bar::new();
    let measured = measure_all(&sources, &bar);
    bar.0.finish_and_clear();
    let audits = sources
        .into_iter()
        .map(|source| audit_source(source, &measured));
    let audits = without_repetitions(audits);
    let count = |severity| audits.iter().map(|audit| audit.count(severity)).sum();
    let counts: [usize; 3] = [Severity::Error, Severity::Warning, Severity::Note].map(count);
    print(&match common.json {
        true => json_lines(&audits, counts),
        false => text(&audits, counts, Paint::stdout()),
    })?;
    Ok(u8::from(counts[0] > 0))
}

/// Names of corpora hold no separators and seldom end like files; a file that is there is meant.
fn is_manifest(what: &Path) -> bool {
    what.components().count() > 1 || what.extension().is_some_and(|e| e == "toml") || what.is_file()
}

fn sources_of_manifest(
    arguments: &AuditArguments,
    common: &Common,
) -> Result<Vec<AuditSource>, CliError> {
    let manifest = ManifestArguments {
        manifest: arguments.what.clone(),
        overrides: arguments.overrides.clone(),
        present: arguments.present,
        rehash: false,
        allow_paths: arguments.allow_paths,
    };
    let plan = context::plan(&manifest, Device::Cpu, common)?;
    let cache = context::cache(common, false)?;
    let mut sources = of_plan(&plan, &cache, common.limits().file_bytes);
    let combined = between(&plan, &sources);
    sources.extend(combined);
    cache.files.save()?;
    match sources.is_empty() {
        false => Ok(sources),
        true => Err(CliError::Usage {
            message: format!("{} has no `ingest`", plan.manifest),
            help: "an audit looks at the recordings that an `ingest` lists".into(),
        }),
    }
}

fn source_of_corpus(arguments: &AuditArguments, common: &Common) -> Result<AuditSource, CliError> {
    let name = arguments.what.to_string_lossy();
    let known = context::known_corpora(
        common.corpora.as_deref(),
        None,
        Path::new("."),
        &common.limits(),
    )?;
    let corpora = &known.corpora;
    let Some(config) = corpora.corpora.get(&*name) else {
        return Err(CliError::Usage {
            message: format!("there is no manifest and no corpus `{name}`"),
            help: suggest(&name, corpora.corpora.keys().map(String::as_str)),
        });
    };
    if !arguments.overrides.is_empty() {
        return Err(CliError::Usage {
            message: format!("--set changes a manifest, and `{name}` is a corpus"),
            help: "leave --set out, or give a manifest".into(),
        });
    }
    let cache = context::cache(common, false)?;
    let source = of_corpus(&name, config, corpora, &cache, common.limits().file_bytes);
    cache.files.save()?;
    source.map_err(|error| CliError::Usage {
        message: error.to_string(),
        help: match error.help() {
            Some(help) => help.to_string(),
            None => format!("`pipe corpora {name}` says where to get it"),
        },
    })
}

/// Variants of a step that list the same are told once, with all names; what has nothing to tell is left out.
fn without_repetitions(audits: impl Iterator<Item = SourceAudit>) -> Vec<SourceAudit> {
    let mut told: Vec<SourceAudit> = Vec::new();
    for audit in audits {
        if audit.findings.is_empty() && audit.class_table.is_empty() {
            continue;
        }
        let same = told.iter_mut().find(|before| {
            before.findings == audit.findings
                && before.class_table == audit.class_table
                && before.duration_table == audit.duration_table
        });
        match same {
            Some(before) => before.source = format!("{}, {}", before.source, audit.source),
            None => told.push(audit),
        }
    }
    told
}

fn text(audits: &[SourceAudit], counts: [usize; 3], paint: Paint) -> String {
    let mut text = String::new();
    for audit in audits {
        text.push_str(&format!("{}\n", paint.bold(&audit.source)));
        text.push_str(&class_lines(audit));
        text.push_str(&duration_lines(audit));
        for finding in &audit.findings {
            text.push_str(&finding_lines(finding, paint));
        }
        text.push('\n');
    }
    let [errors, warnings, notes] = counts;
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

fn json_lines(audits: &[SourceAudit], [errors, warnings, notes]: [usize; 3]) -> String {
    let mut text = String::new();
    let mut line = |value: serde_json::Value| text.push_str(&format!("{value}\n"));
    for audit in audits {
        let source = &audit.source;
        for row in &audit.class_table {
            let counts = audit.classes.iter().zip(&row.utterances);
            let counts: serde_json::Map<_, _> = counts
                .map(|(class, count)| (class.clone(), json!(count)))
                .collect();
            line(
                json!({ "event": "audit_classes", "source": source, "corpus": row.corpus, "split": row.split, "utterances": counts }),
            );
        }
        for row in &audit.duration_table {
            line(with_event("audit_durations", source, json!(row)));
        }
        for finding in &audit.findings {
            line(with_event("audit_finding", source, json!(finding)));
        }
    }
    line(
        json!({ "event": "audit_finished", "errors": errors, "warnings": warnings, "notes": notes }),
    );
    text
}

fn with_event(event: &str, source: &str, value: serde_json::Value) -> serde_json::Value {
    let mut line = json!({ "event": event, "source": source });
    if let (Some(line), serde_json::Value::Object(value)) = (line.as_object_mut(), value) {
        line.extend(value);
    }
    line
}

/// Ends the process soon after a signal asks for it, wherever the work is: an audit writes nothing that could be lost.
fn end_when_asked() {
    const LOOK_EVERY: Duration = Duration::from_millis(50);
    let signals = Signals::listen();
    let watch = move || {
        while !signals.asked() {
            std::thread::sleep(LOOK_EVERY);
        }
        std::process::exit(signals.exit_code().into());
    };
    // Where the system refuses a thread, the second signal ends the process too.
    let _ = std::thread::Builder::new().spawn(watch);
}

/// Progress on a terminal; nothing elsewhere.
struct Bar(ProgressBar);

impl Bar {
    fn new() -> Self {
        let style = ProgressStyle::with_template(
            "  reading recordings  {bar:30.cyan/dim} {pos}/{len}  {eta} left",
        );
        let bar = ProgressBar::new(0);
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        Self(bar)
    }
}

impl Progress for Bar {
    fn interrupted(&self) -> bool {
        false
    }

    fn advance(&self, _done: u64, total: u64) {
        if self.0.length() != Some(total) {
            self.0.set_length(total);
        }
        self.0.inc(1);
    }

    fn epoch(&self, _report: &EpochReport) {}

    fn warn(&self, _message: &str) {}
}
