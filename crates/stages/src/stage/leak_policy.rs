//! What a stage does about leaks between training and held-out data: the parameter `leaks`, which holds for every kind of
//! leak or names some of them, and what is said where one ends the step.

use std::collections::{BTreeMap, BTreeSet};

use miette::Diagnostic;
use pipe_engine::manifest::{Parameter, Shape};
use pipe_speech::corpus::leaks::Finding;
use pipe_speech::corpus::split::RECORDING;
use serde::Deserialize;
use serde_json::{Map, Value as Json};
use thiserror::Error;

/// What to do about a leak.
pub const ON_LEAK: Shape = Shape::Choice(&["error", "warn"]);

const SPEAKER: Parameter = LeakKind::Speaker.parameter("A speaker in more than one split.");
const AUDIO: Parameter = LeakKind::Audio.parameter("The same audio in more than one split.");

/// What to do about leaks, a parameter of `train` and `evaluate`.
pub const LEAKS: Parameter = Parameter::default(
    "leaks",
    Shape::Either(&[ON_LEAK, Shape::Table(&[SPEAKER, AUDIO])]),
    "\"error\"",
    "What to do when a speaker or the same audio is both in train and in held-out data: the same for both, or a table such as { shared_speaker = \"warn\" }, in which what is not named is an error.",
);

/// What to do about leaks, the parameter of `ingest`.
pub const LEAKS_OF_INGEST: Parameter = Parameter::default(
    "leaks",
    Shape::Either(&[
        ON_LEAK,
        Shape::Table(&[
            SPEAKER,
            AUDIO,
            LeakKind::Segment
                .parameter("Overlapping segments of a recording in more than one split."),
            LeakKind::Session.parameter("A session in more than one split, where `groups` names session."),
            LeakKind::Recording
                .parameter("A recording in more than one split, where `groups` names recording."),
            LeakKind::Text.parameter("A text in more than one split, where `groups` names text."),
            LeakKind::Group.parameter(
                "A value of another column in more than one split, where `groups` names the column.",
            ),
        ]),
    ]),
    "\"error\"",
    "What to do when a speaker, a group of `groups`, the same audio or overlapping segments of a recording are both in train and in a held-out split: the same for all of them, or a table such as { shared_speaker = \"warn\" }, in which what is not named is an error.",
);

/// A kind of leak, named as in the codes of an audit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LeakKind {
    /// A speaker.
    Speaker,
    /// The same audio.
    Audio,
    /// Segments that overlap.
    Segment,
    /// A session that was to stay whole.
    Session,
    /// A recording that was to stay whole.
    Recording,
    /// A text that was to stay whole.
    Text,
    /// A value of any other column that was to stay whole.
    Group,
}

impl LeakKind {
    const ALL: [Self; 7] = [
        Self::Speaker,
        Self::Audio,
        Self::Segment,
        Self::Session,
        Self::Recording,
        Self::Text,
        Self::Group,
    ];

    /// The kind of what the search for shared speakers and audio finds.
    pub fn of_finding(finding: &Finding) -> Self {
        match finding {
            Finding::SpeakerOverlap { .. } => Self::Speaker,
            Finding::AudioAcrossParts { .. } | Finding::AudioUnderTwoLabels { .. } => Self::Audio,
        }
    }

    /// The kind of groups of an attribute.
    pub fn of_group(attribute: &str) -> Self {
        match attribute {
            "session" => Self::Session,
            "text" => Self::Text,
            RECORDING => Self::Recording,
            _ => Self::Group,
        }
    }

    /// Its name in manifests; an audit has `audit::` before it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Speaker => "shared_speaker",
            Self::Audio => "shared_audio",
            Self::Segment => "shared_segment",
            Self::Session => "shared_session",
            Self::Recording => "shared_recording",
            Self::Text => "shared_text",
            Self::Group => "shared_group",
        }
    }

    const fn parameter(self, doc: &'static str) -> Parameter {
        Parameter::optional(self.name(), ON_LEAK, doc)
    }
}

/// One leak.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leak {
    /// What kind.
    pub kind: LeakKind,
    /// Who or what is shared, as a sentence without a full stop.
    pub what: String,
}

/// What to do about a leak.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnLeak {
    /// The step fails.
    #[default]
    Error,
    /// The step warns.
    Warn,
}

/// What to do about leaks of each kind: the value of the parameter `leaks`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum LeakPolicy {
    /// The same about all.
    All(OnLeak),
    /// About those that are named; others are errors.
    Named(BTreeMap<String, OnLeak>),
}

impl LeakPolicy {
    /// That of a step with these parameters; an error where they say nothing that fits, which is reported elsewhere.
    pub fn of(parameters: &Map<String, Json>) -> Self {
        let written = parameters.get("leaks").cloned();
        let policy = written.and_then(|written| serde_json::from_value(written).ok());
        policy.unwrap_or(Self::All(OnLeak::Error))
    }

    /// The names of the kinds that are put up with.
    pub fn allowed(&self) -> Vec<&'static str> {
        let kinds = LeakKind::ALL.into_iter();
        let allowed = kinds.filter(|kind| self.about(*kind) == OnLeak::Warn);
        allowed.map(LeakKind::name).collect()
    }

    fn about(&self, kind: LeakKind) -> OnLeak {
        match self {
            Self::All(on_leak) => *on_leak,
            Self::Named(named) => named.get(kind.name()).copied().unwrap_or_default(),
        }
    }

    /// Nothing where each of `leaks` is to be warned of.
    ///
    /// # Errors
    /// Those that are not.
    pub fn allow(&self, leaks: &[Leak]) -> Result<(), Refused> {
        let refused = leaks
            .iter()
            .filter(|leak| self.about(leak.kind) == OnLeak::Error);
        let refused: Vec<&Leak> = refused.collect();
        if refused.is_empty() {
            return Ok(());
        }
        let kinds: BTreeSet<&str> = refused.iter().map(|leak| leak.kind.name()).collect();
        let mut allowed: BTreeSet<&str> = kinds.clone();
        if let Self::Named(named) = self {
            let warned = named
                .iter()
                .filter(|(_, on_leak)| **on_leak == OnLeak::Warn);
            allowed.extend(warned.map(|(name, _)| name.as_str()));
        }
        let entries: Vec<String> = allowed
            .iter()
            .map(|name| format!("{name} = \"warn\""))
            .collect();
        let findings: Vec<&str> = refused.iter().map(|leak| leak.what.as_str()).collect();
        Err(Refused {
            kinds: kinds.into_iter().collect::<Vec<_>>().join(", "),
            findings: first_few(&findings),
            line: format!("leaks = {{ {} }}", entries.join(", ")),
        })
    }
}

/// Leaks that are not to be put up with, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Their kinds, as manifests name them.
    pub kinds: String,
    /// The first few of them.
    pub findings: String,
    /// The line of a manifest that puts up with them, and with what it puts up already.
    pub line: String,
}

/// Training and held-out data overlap.
#[derive(Debug, Error, Diagnostic)]
#[error("training and held-out data overlap [{}]: {}", refused.kinds, refused.findings)]
#[diagnostic(
    code(data::leak),
    help(
        "a score on such data means nothing. Fix the split or the corpus; `{}` in this stage continues anyway", refused.line
    )
)]
pub struct LeakError {
    refused: Refused,
}

impl From<Refused> for LeakError {
    fn from(refused: Refused) -> Self {
        Self { refused }
    }
}

/// The first few findings, and how many more there are.
pub fn first_few(findings: &[&str]) -> String {
    const FEW: usize = 10;
    let shown = findings[..findings.len().min(FEW)].join("; ");
    match findings.len().saturating_sub(FEW) {
        0 => shown,
        more => format!("{shown}; and {more} more (`pipe audit MANIFEST --json` names all)"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn policy(written: Json) -> LeakPolicy {
        LeakPolicy::of(&Map::from_iter([("leaks".to_owned(), written)]))
    }

    fn leak(kind: LeakKind) -> Leak {
        Leak {
            kind,
            what: format!("{} here", kind.name()),
        }
    }

    #[test]
    fn a_word_holds_for_all_kinds_and_a_table_for_those_it_names() {
        let both = [leak(LeakKind::Speaker), leak(LeakKind::Audio)];
        assert_eq!(policy(json!("warn")).allow(&both), Ok(()));
        assert_eq!(policy(json!("error")).allow(&[]), Ok(()));
        let refused = policy(json!("error")).allow(&both).unwrap_err();
        assert_eq!(refused.kinds, "shared_audio, shared_speaker");
        assert_eq!(policy(json!("warn")).allowed().len(), 7);
        assert!(policy(json!("error")).allowed().is_empty());
        let table = policy(json!({ "shared_speaker": "warn", "shared_audio": "error" }));
        assert_eq!(table.allow(&both[..1]), Ok(()));
        assert_eq!(table.allowed(), ["shared_speaker"]);
        let refused = table.allow(&both).unwrap_err();
        assert_eq!(refused.kinds, "shared_audio");
        assert_eq!(refused.findings, "shared_audio here");
        assert_eq!(
            refused.line,
            "leaks = { shared_audio = \"warn\", shared_speaker = \"warn\" }"
        );
        let refused = policy(json!({})).allow(&both[1..]).unwrap_err();
        assert_eq!(refused.line, "leaks = { shared_audio = \"warn\" }");
    }

    #[test]
    fn the_first_few_are_reported_and_the_others_counted() {
        let ten = ["a"; 10].join("; ");
        assert_eq!(first_few(&["a"; 10]), ten);
        let told = first_few(&["a"; 12]);
        assert!(
            told.starts_with(&format!("{ten}; and 2 more (`pipe audit")),
            "{told}"
        );
    }
}
