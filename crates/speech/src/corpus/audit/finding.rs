//! One thing that an audit found: what it is, how bad it is, where, and what to do.

use serde::Serialize;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing.
    Note,
    /// A score may mean less than it seems to.
    Warning,
    /// A score means nothing.
    Error,
}

impl Severity {
    /// The word for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// One thing that an audit found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    /// Stable name of the kind of finding, such as `audit::shared_speaker`.
    pub code: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What was found, as a sentence without a full stop, with counts and the first few names.
    pub message: String,
    /// What to do.
    pub help: &'static str,
    /// How many things are named.
    pub count: usize,
    /// All of them, such as speakers, or utterances that share their audio.
    pub names: Vec<String>,
}

impl Finding {
    /// A finding about `names`, the first few of which follow `what` in the message.
    pub(super) fn about(
        code: &'static str,
        severity: Severity,
        what: &str,
        names: Vec<String>,
        help: &'static str,
    ) -> Self {
        Self {
            code,
            severity,
            message: format!("{what}: {}", first_few(&names)),
            help,
            count: names.len(),
            names,
        }
    }

    /// The findings that are about something: of each, what to say of one thing and, after their number, of several.
    pub(super) fn of_each(found: impl IntoIterator<Item = Found>) -> Vec<Self> {
        let found = found.into_iter();
        let found = found.filter(|(_, _, names, ..)| !names.is_empty());
        found
            .map(|(code, severity, names, (one, many), help)| {
                let what = match names.len() {
                    1 => one.to_owned(),
                    count => format!("{count} {many}"),
                };
                Self::about(code, severity, &what, names, help)
            })
            .collect()
    }

    /// Whether its message names fewer than there are.
    pub fn is_cut(&self) -> bool {
        self.names.len() > FEW
    }
}

/// Code, severity and names of a finding, what is said of one of them and of several, and what to do.
pub(super) type Found = (
    &'static str,
    Severity,
    Vec<String>,
    (&'static str, &'static str),
    &'static str,
);

/// So many names are in a message.
const FEW: usize = 10;

/// The first few names, and how many more there are.
fn first_few(names: &[String]) -> String {
    match names.len() {
        0..=FEW => names.join(", "),
        all => format!("{} and {} more", names[..FEW].join(", "), all - FEW),
    }
}

/// `1 speaker is`, `2 speakers are`.
pub(super) fn counted(count: usize, noun: &str, (one, many): (&str, &str)) -> String {
    match count {
        1 => format!("1 {noun} {one}"),
        _ => format!("{count} {noun}s {many}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_names_the_first_few_and_counts_the_others() {
        let names = |count: usize| (0..count).map(|n| format!("s{n}")).collect();
        let of = |count| Finding::about("audit::x", Severity::Note, "here", names(count), "");
        let ten = "s0, s1, s2, s3, s4, s5, s6, s7, s8, s9";
        assert_eq!(of(3).message, "here: s0, s1, s2");
        assert_eq!(of(10).message, format!("here: {ten}"));
        assert_eq!(of(12).message, format!("here: {ten} and 2 more"));
        assert!(!of(10).is_cut() && of(12).is_cut());
        assert_eq!(of(12).names.len(), 12);
    }
}
