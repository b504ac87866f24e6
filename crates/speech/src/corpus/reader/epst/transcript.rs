//! Lines of an EPST transcript: `start end A: emotion, words`.

use crate::corpus::labels::normalise;

/// What a line of a transcript is.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Line {
    /// One utterance.
    Utterance {
        /// Start in seconds.
        start_s: f64,
        /// End in seconds, after the start.
        end_s: f64,
        /// The emotion, in lower case with single blanks.
        label: String,
    },
    /// Nothing to take, as the format has it: blank, `[MISC]`, a remark in brackets, or the
    /// announcement of an emotion category.
    Passed,
    /// Not understood, and why.
    Odd(&'static str),
}

/// Every line with its number, counted from 1.
pub(super) fn lines(text: &str) -> impl Iterator<Item = (usize, Line)> {
    text.lines()
        .enumerate()
        .map(|(index, line)| (index + 1, parse(line)))
}

fn parse(line: &str) -> Line {
    let line = line.trim();
    if line.is_empty() {
        return Line::Passed;
    }
    let words = split_word(line)
        .and_then(|(start, rest)| split_word(rest).map(|(end, rest)| (start, end, rest)));
    let Some((start, end, rest)) = words else {
        return Line::Odd("not `start end A: emotion, words`");
    };
    let (Ok(start_s), Ok(end_s)) = (start.parse::<f64>(), end.parse::<f64>()) else {
        return Line::Odd("does not begin with two times in seconds");
    };
    let Some((channel, said)) = rest.split_once(':') else {
        return Line::Odd("has no channel such as `A:`");
    };
    let channel = channel.trim();
    if channel.is_empty() || !channel.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return Line::Odd("has no channel such as `A:`");
    }
    let said = said.trim();
    if said.is_empty() || said.starts_with('(') || is_passed(said) {
        return Line::Passed;
    }
    // The times of passed lines do not matter, those of utterances do.
    let in_order = start_s >= 0.0 && end_s > start_s && end_s.is_finite();
    if !in_order {
        return Line::Odd("its times are not 0 <= start < end");
    }
    let Some((label, _words)) = said.split_once(',') else {
        return Line::Odd("no comma follows an emotion");
    };
    let label = normalise(label);
    if label.is_empty() || label.contains(char::is_control) {
        return Line::Odd("no emotion precedes the comma");
    }
    Line::Utterance {
        start_s,
        end_s,
        label,
    }
}

fn is_passed(said: &str) -> bool {
    ["[misc]", "emotion category"].iter().any(|opening| {
        said.get(..opening.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(opening))
    })
}

/// The first word, and what follows it.
fn split_word(text: &str) -> Option<(&str, &str)> {
    let (word, rest) = text.split_once(char::is_whitespace)?;
    Some((word, rest.trim_start()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn utterance(start_s: f64, end_s: f64, label: &str) -> Line {
        Line::Utterance {
            start_s,
            end_s,
            label: label.into(),
        }
    }

    #[test]
    fn labels_are_the_text_before_the_first_comma_in_one_spelling() {
        assert_eq!(
            parse("12.34 13.60 A: hot anger, December, the first"),
            utterance(12.34, 13.6, "hot anger")
        );
        assert_eq!(
            parse("1 2\tA:  Hot-Anger , words"),
            utterance(1.0, 2.0, "hot anger")
        );
        assert_eq!(
            parse("1 2 B: Cold  anger,x (laugh)"),
            utterance(1.0, 2.0, "cold anger")
        );
    }

    #[test]
    fn remarks_are_passed_over() {
        for line in [
            "",
            "   ",
            "0.00 12.30 A: [MISC]",
            "0.00 12.30 A: [MISC] chat, chat",
            "5 6 A: (cough), sorry",
            "5 6 A: Emotion category: hot anger, next",
        ] {
            assert_eq!(parse(line), Line::Passed, "{line:?}");
        }
    }

    #[test]
    fn anything_else_is_odd() {
        for line in [
            "hello",
            "1 2",
            "a b A: neutral, x",
            "1 2 neutral, x",
            "1 2 A: neutral x",
            "1 2 A: , x",
            "3 2 A: neutral, x",
            "-1 2 A: neutral, x",
            "1 inf A: neutral, x",
            "NaN 2 A: neutral, x",
        ] {
            assert!(
                matches!(parse(line), Line::Odd(_)),
                "{line:?} is {:?}",
                parse(line)
            );
        }
    }

    proptest! {
        #[test]
        fn any_text_gives_ordered_segments(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let text = String::from_utf8_lossy(&bytes).into_owned();
            for (_, line) in lines(&text) {
                if let Line::Utterance { start_s, end_s, label } = line {
                    prop_assert!(start_s < end_s && end_s.is_finite() && !label.is_empty());
                }
            }
        }

        #[test]
        fn near_misses_give_ordered_segments(
            text in "[0-9.+eE-]{0,6}[ \t]{0,2}[0-9.einf-]{0,6} ?[A-B:]{0,3} ?[a-zA-Z,()\\[\\] é-]{0,20}"
        ) {
            if let Line::Utterance { start_s, end_s, .. } = parse(&text) {
                prop_assert!(start_s >= 0.0 && start_s < end_s && end_s.is_finite());
            }
        }
    }
}
