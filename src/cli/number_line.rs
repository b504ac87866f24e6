//! A metric or a count that is not the same, in words.

use crate::bundle::NumberChange;

/// A metric that is not the same, as a line.
pub fn number_line(change: &NumberChange) -> String {
    let (bundle, here) = match change.metric {
        "utterances" => {
            let count = |value: Option<f64>| value.map_or("none".to_owned(), |v| v.to_string());
            (count(change.bundle), count(change.here))
        }
        _ => percents(change.bundle, change.here),
    };
    let NumberChange {
        step,
        corpus,
        metric,
        ..
    } = change;
    format!("  {step}, {corpus}: {metric} {bundle} -> {here}\n")
}

/// Two values in percent, with as many digits as it takes to tell them apart.
fn percents(bundle: Option<f64>, here: Option<f64>) -> (String, String) {
    let text = |value: Option<f64>, digits: usize| match value {
        Some(value) => format!("{:.digits$} %", value * 100.0),
        None => "none".into(),
    };
    let pairs = [2, 6, 17].map(|digits| (text(bundle, digits), text(here, digits)));
    let [short, middle, long] = pairs;
    [short, middle]
        .into_iter()
        .find(|(bundle, here)| bundle != here)
        .unwrap_or(long)
}
