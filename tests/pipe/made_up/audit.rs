//! A made-up audit with findings of every severity.

use pipe_report::{
    AuditEntry, AuditFinding, AuditSeverity, AuditedClasses, AuditedLengths, AuditedSource,
};

use super::corpora::{CLASSES, TRAINING};

/// What was found in the training corpora.
pub fn audit() -> AuditEntry {
    let finding = |code: &str, severity, message: &str, help: &str, names: Vec<String>| {
        let count = names.len();
        AuditFinding {
            code: format!("audit::{code}"),
            severity,
            message: format!("{count} {message}"),
            help: help.into(),
            count,
            names,
        }
    };
    let numbered = |what: &str, count: usize| (0..count).map(|n| format!("{what}{n:03}")).collect();
    let splits = || {
        let corpora = TRAINING.into_iter();
        corpora.flat_map(|(name, _, heard, utterances)| {
            [("train", 8), ("validation", 1), ("test", 1)].map(|(split, tenths)| {
                (
                    name,
                    split,
                    (heard as u64 * tenths).div_ceil(10),
                    utterances * tenths / 10,
                )
            })
        })
    };
    let source = AuditedSource {
        source: "speech".into(),
        classes: CLASSES.map(String::from).into(),
        findings: vec![
            finding(
                "shared_speaker",
                AuditSeverity::Error,
                "speakers are in more than one split",
                "split by speaker: without `split_file` an `ingest` does, or correct the table",
                numbered("made/speaker ", 400),
            ),
            finding(
                "clipped_recording",
                AuditSeverity::Warning,
                "recordings are clipped: samples in a row are at full scale",
                "listen to them",
                numbered("made/recording ", 12),
            ),
            finding(
                "shared_text",
                AuditSeverity::Note,
                "texts are in more than one split",
                "acted corpora share sentences by design",
                numbered("made \"text\" ", 5),
            ),
        ],
        class_table: splits()
            .map(|(corpus, split, _, utterances)| AuditedClasses {
                corpus: corpus.into(),
                split: split.into(),
                utterances: [2, 3, 5].map(|tenths| utterances * tenths / 10).into(),
            })
            .collect(),
        duration_table: splits()
            .map(|(corpus, split, speakers, utterances)| AuditedLengths {
                corpus: corpus.into(),
                split: split.into(),
                utterances,
                speakers,
                total_s: 2.5 * utterances as f64,
                shortest_s: 0.4,
                median_s: 2.4,
                longest_s: 14.25,
            })
            .collect(),
    };
    AuditEntry {
        sources: vec![source],
        errors: 1,
        warnings: 1,
        notes: 1,
    }
}
