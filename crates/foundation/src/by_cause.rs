//! What was left out, in one sentence by cause.

use crate::grouped;

/// Why things were left out, most frequent cause first: "file does not exist: 40 times, first at t.csv:2 (a.wav); t.csv:9:
/// gender is missing". Of more than `most` causes, the rest is a number.
///
/// `left_out` has what each thing is and why it is left out. A reason is a cause, and, after a first `": "`, what is
/// particular to the thing; those with the same cause are reported together. Among causes of the same frequency, the first
/// one comes first.
pub fn by_cause<'a>(left_out: impl IntoIterator<Item = (&'a str, &'a str)>, most: usize) -> String {
    struct Cause<'a> {
        what: &'a str,
        reason: &'a str,
        count: usize,
    }
    let mut causes: Vec<(&str, Cause<'_>)> = Vec::new();
    let mut places = std::collections::HashMap::new();
    for (what, reason) in left_out {
        let cause = reason.split_once(": ").map_or(reason, |(cause, _)| cause);
        let place = *places.entry(cause).or_insert_with(|| {
            let first = Cause {
                what,
                reason,
                count: 0,
            };
            causes.push((cause, first));
            causes.len() - 1
        });
        causes[place].1.count += 1;
    }
    causes.sort_by_key(|(_, cause)| std::cmp::Reverse(cause.count));
    let rest: usize = causes.iter().skip(most).map(|(_, c)| c.count).sum();
    let mut parts: Vec<String> = causes
        .iter()
        .take(most)
        .map(|(general, cause)| {
            let (what, reason, count) = (cause.what, cause.reason, cause.count);
            if count == 1 {
                return format!("{what}: {reason}");
            }
            let particular = reason.split_once(": ").map(|(_, particular)| particular);
            let particular = particular.map_or_else(String::new, |text| format!(" ({text})"));
            let count = grouped(count as u64);
            format!("{general}: {count} times, first at {what}{particular}")
        })
        .collect();
    if rest > 0 {
        parts.push(format!("and {} more", grouped(rest as u64)));
    }
    parts.join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_frequent_cause_is_reported_first_with_its_number_and_an_example() {
        let left_out = [
            ("t.csv:2", "emotion is empty"),
            ("t.csv:3", "the file does not exist: a.wav"),
            ("t.csv:4", "the file does not exist: b.wav"),
            ("t.csv:5", "start is not a time: abc"),
            ("t.csv:6", "end is not a time: abc"),
        ];
        assert_eq!(
            by_cause(left_out, 2),
            "the file does not exist: 2 times, first at t.csv:3 (a.wav); t.csv:2: emotion is empty; and 2 more"
        );
        assert_eq!(by_cause([], 2), "");
    }
}
