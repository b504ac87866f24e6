//! What a document says that a command prints, compared with what it prints.

/// A line that stands for any lines, or a word that stands for any words.
const ANY: &str = "...";

/// Words of a line in which what differs from run to run has one form: times, dates, digests, rules of tables. A time at the
/// end of a line goes, since a step that took none has none there.
fn words(line: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut all = line.split_whitespace().peekable();
    while let Some(word) = all.next() {
        let unit = all
            .peek()
            .map_or("", |next| next.trim_end_matches([',', ';', '.', ')']));
        let bare = word.trim_start_matches('(');
        let is_number = bare.parse::<f64>().is_ok();
        if is_number && ["ms", "s", "min", "h"].contains(&unit) {
            let after = all.next().unwrap_or_default();
            let opened = if bare.len() < word.len() { "(" } else { "" };
            if words.last().is_some_and(|last| last.ends_with("<time>")) {
                words.pop();
            }
            words.push(format!("{opened}<time>{}", &after[unit.len()..]));
            continue;
        }
        words.push(normal(word));
    }
    if words.last().is_some_and(|last| last == "<time>") {
        words.pop();
        if let Some(last) = words.last_mut() {
            *last = last.trim_end_matches(',').to_string();
        }
    }
    words
}

/// A word with what differs from run to run in one form.
fn normal(word: &str) -> String {
    let core = word.trim_matches(|c: char| !c.is_alphanumeric());
    let form = |pattern: &str| {
        core.len() == pattern.len()
            && core.chars().zip(pattern.chars()).all(|(c, p)| match p {
                '9' => c.is_ascii_digit(),
                p => c == p,
            })
    };
    let is_hex = core
        .chars()
        .all(|c| c.is_ascii_digit() || matches!(c, 'a'..='f'));
    let is_mixed = core.contains(|c: char| c.is_ascii_digit())
        && core.contains(|c: char| c.is_ascii_alphabetic());
    let replaced = match () {
        () if form("9999-99-99") => "<date>",
        () if form("99:99") || form("99:99:99") => "<clock>",
        () if core.len() >= 8 && is_hex && is_mixed => "<digest>",
        () if word.chars().count() > 3 && word.chars().all(|c| c == '─') => {
            return "<rule>".into();
        }
        () => return word.to_string(),
    };
    word.replacen(core, replaced, 1)
}

/// A word as its number and what is around it.
fn number(word: &str) -> Option<(String, f64)> {
    let digit = |c: char| c.is_ascii_digit();
    let start = word.find(digit)?;
    let end = word.rfind(digit)? + 1;
    let start = match word[..start].strip_suffix('-') {
        Some(before) => before.len(),
        None => start,
    };
    let value = word[start..end].replace(',', "").parse().ok()?;
    Some((format!("{}#{}", &word[..start], &word[end..]), value))
}

fn same_word(expected: &str, found: &str, within: f64) -> bool {
    expected == found
        || within > 0.0
            && match (number(expected), number(found)) {
                (Some((around, expected)), Some((as_found, found))) => {
                    around == as_found && (expected - found).abs() <= within + 1e-9
                }
                _ => false,
            }
}

/// Whether `expected` stands for `found`, each element by `same`, with elements that are `any` for any number of others.
fn matches<T>(
    expected: &[T],
    found: &[T],
    any: &dyn Fn(&T) -> bool,
    same: &dyn Fn(&T, &T) -> bool,
) -> bool {
    // By dynamic programming from the end: `fits[j]` is whether the rest of `expected` fits `found[j..]`.
    let mut fits = vec![false; found.len() + 1];
    fits[found.len()] = true;
    for element in expected.iter().rev() {
        let mut next = vec![false; found.len() + 1];
        for at in (0..=found.len()).rev() {
            next[at] = match any(element) {
                true => fits[at] || at < found.len() && next[at + 1],
                false => at < found.len() && fits[at + 1] && same(element, &found[at]),
            };
        }
        fits = next;
    }
    fits[0]
}

fn same_line(expected: &str, found: &str, within: f64) -> bool {
    matches(
        &words(expected),
        &words(found),
        &|word| word == ANY,
        &|expected, found| same_word(expected, found, within),
    )
}

/// Whether a command printed what the document says. Empty lines do not count.
///
/// # Errors
/// The first line of the document that has no counterpart, or that something else is printed.
pub fn compare(
    expected: &[String],
    printed: &str,
    within: f64,
    any_order: bool,
) -> Result<(), String> {
    let expected: Vec<&str> = expected
        .iter()
        .map(String::as_str)
        .filter(|line| !line.trim().is_empty())
        .collect();
    let printed: Vec<&str> = printed
        .lines()
        .filter(|line| !line.trim().is_empty())
        .collect();
    let is_any = |line: &&str| line.trim() == ANY;
    if any_order {
        for line in expected.iter().filter(|line| !is_any(line)) {
            if !printed.iter().any(|found| same_line(line, found, within)) {
                return Err(format!("this line is not printed:\n{line}"));
            }
        }
        let open = expected.iter().any(is_any);
        let unexpected = printed
            .iter()
            .find(|found| !expected.iter().any(|line| same_line(line, found, within)));
        return match unexpected {
            Some(line) if !open => Err(format!("this line is printed too:\n{line}")),
            _ => Ok(()),
        };
    }
    let fits = |expected: &[&str], printed: &[&str]| {
        matches(
            expected,
            printed,
            &is_any,
            &|expected: &&str, found: &&str| same_line(expected, found, within),
        )
    };
    if fits(&expected, &printed) {
        return Ok(());
    }
    // The longest beginning that fits some beginning of what is printed.
    let good = (0..expected.len())
        .take_while(|length| {
            let beginning = [&expected[..=*length], &[ANY]].concat();
            fits(&beginning, &printed)
        })
        .count();
    Err(match expected.get(good) {
        Some(line) => format!("this line is not printed here:\n{line}"),
        None => "more is printed".into(),
    })
}

#[test]
fn times_dates_and_digests_differ_and_all_else_counts() {
    let lines = |text: &str| text.lines().map(String::from).collect::<Vec<_>>();
    let same =
        |expected: &str, printed: &str| compare(&lines(expected), printed, 0.0, false).is_ok();
    assert!(same(
        "  + a   done, 3 items, 1.4 s",
        "+ a done, 3 items, 84 ms"
    ));
    assert!(same("+ a done", "+ a done, 1 min 07 s"));
    assert!(!same(
        "+ a done, 3 items, 1.4 s",
        "+ a done, 4 items, 1.4 s"
    ));
    assert!(same(
        "demo:2 2026-11-23 22:34 17 done 1 min 07 s",
        "demo:2 2027-01-02 01:02 17 done 9 s"
    ));
    assert!(same(
        "2 of 3 in 9.2 s; 1 item",
        "2 of 3 in 1 min 9.2 s; 1 item"
    ));
    assert!(same("key 4f1c0000 x", "key deadbee1 x") && !same("key x", "key y"));
    assert!(same("a\n...\nd", "a\nb\nc\nd") && same("a\n...", "a") && !same("a\n...\nd", "a\nb"));
    assert!(same("a ... d", "a b c d") && !same("a ... d", "a b c"));
    assert!(same("────────", "──────"));
    assert!(!same("a\nb", "a\nb\nc") && !same("a\nb", "a"));
}

#[test]
fn numbers_may_differ_by_as_much_as_is_said() {
    let compare = |expected: &str, printed: &str, within| {
        compare(&[expected.into()], printed, within, false).is_ok()
    };
    assert!(compare("UA 69.5 ±5.8 (1,584)", "UA 69.9 ±5.5 (1,584)", 0.5));
    assert!(!compare("UA 69.5", "UA 70.1", 0.5) && !compare("UA 69.5", "UA 69.6", 0.0));
    assert!(!compare("UA +0.1", "UA -0.1", 0.5), "signs count");
}

#[test]
fn lines_in_any_order_are_all_there_and_no_others() {
    let expected = ["a".to_string(), "b".to_string()];
    assert!(compare(&expected, "b\na\n", 0.0, true).is_ok());
    assert!(compare(&expected, "b\na\nc\n", 0.0, true).is_err());
    assert!(compare(&expected, "b\n", 0.0, true).is_err());
}
