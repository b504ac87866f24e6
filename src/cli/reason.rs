//! One thing that makes a step run, in words; `why`, lock files and the log of a run share them.

use pipe_engine::plan::Reason;

/// How many reasons are shown of one step.
const SHOWN: usize = 12;

/// A line for each of the first reasons, indented.
pub fn reason_lines(reasons: &[Reason]) -> String {
    let mut text = String::new();
    // Rows of a report, say, may all differ in the same.
    let mut lines: Vec<(String, usize)> = Vec::new();
    for line in reasons.iter().map(reason_text) {
        match lines.iter_mut().find(|(known, _)| *known == line) {
            Some((_, times)) => *times += 1,
            None => lines.push((line, 1)),
        }
    }
    for (line, times) in lines.iter().take(SHOWN) {
        match times {
            1 => text.push_str(&format!("  {line}\n")),
            times => text.push_str(&format!("  {line} ({times} times)\n")),
        }
    }
    if let Some(more) = lines.len().checked_sub(SHOWN).filter(|&more| more > 0) {
        text.push_str(&format!("  and {more} more\n"));
    }
    if reasons.is_empty() {
        text.push_str(&format!("  {ONLY_FACTS}\n"));
    }
    text
}

/// What differs from an earlier run, in one line.
pub fn reason_text(reason: &Reason) -> String {
    let gone = |value: &Option<String>| value.clone().unwrap_or_else(|| "nothing".into());
    match reason {
        Reason::Value { difference, remark } => {
            let name = difference
                .name
                .strip_prefix("parameters.")
                .unwrap_or(&difference.name);
            let remark = remark.as_ref().map(|text| format!(" ({text})"));
            format!(
                "{name}: {} -> {}{}",
                gone(&difference.old),
                gone(&difference.new),
                remark.unwrap_or_default()
            )
        }
        Reason::Input { step } => format!("the result of `{step}` changed"),
        Reason::File { id, old: None, .. } => format!("{id} is new"),
        Reason::File { id, new: None, .. } => format!("{id} was removed"),
        Reason::File { id, old, new } => {
            format!("{id}: content {} -> {}", gone(old), gone(new))
        }
    }
}

/// What is said of a step that differs from an earlier run in nothing that has a name.
pub const ONLY_FACTS: &str = "labels, speakers or splits of its utterances changed, but no audio";

#[cfg(test)]
mod tests {
    use pipe_engine::artifact::Difference;

    use super::*;

    #[test]
    fn a_line_that_comes_again_is_told_once() {
        let value = |new: &str| Reason::Value {
            difference: Difference {
                name: "parameters.epochs".into(),
                old: Some("30".into()),
                new: Some(new.into()),
            },
            remark: None,
        };
        let mut reasons = vec![value("20"), value("21")];
        reasons.extend((0..11).map(|_| value("20")));
        assert_eq!(
            reason_lines(&reasons),
            "  epochs: 30 -> 20 (12 times)\n  epochs: 30 -> 21\n"
        );
    }
}
