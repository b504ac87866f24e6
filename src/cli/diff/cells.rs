//! Cells of the tables of a comparison: names of steps, and values before and after.

use pipe_report::{SheetCell, Tone};

use crate::inspect::stage_of;

/// Between the ids of two steps that correspond to each other.
const BETWEEN: &str = " -> ";

/// Names of steps as short as they can be: the matrix values alone where all are variants of one stage.
pub fn short_names<'a>(ids: impl Iterator<Item = &'a str>) -> Vec<String> {
    let ids: Vec<&str> = ids.collect();
    let stage = ids.first().map_or("", |id| stage_of(id));
    let value = |part: &str| match part.split_once('=') {
        // A bare number needs the name of its axis.
        Some((axis, value)) if value.parse::<f64>().is_ok() => format!("{axis} {value}"),
        Some((_, value)) => value.to_string(),
        None => part.to_string(),
    };
    let of_one = |id: &str| -> Option<Vec<String>> {
        let values = id.strip_prefix(stage)?.strip_prefix('[')?;
        let values = values.strip_suffix(']')?.split(',').map(value);
        Some(values.collect())
    };
    let values = |id: &&str| -> Option<String> {
        // Two steps that correspond to each other are both named.
        let Some((before, after)) = id.split_once(BETWEEN) else {
            return Some(of_one(id)?.join(", "));
        };
        let (before, after) = (of_one(before)?, of_one(after)?);
        if before.len() != after.len() {
            return Some(format!("{} → {}", before.join(", "), after.join(", ")));
        }
        let parts = before.into_iter().zip(after);
        let parts = parts.map(|(before, after)| match before == after {
            true => after,
            false => format!("{before} → {after}"),
        });
        Some(parts.collect::<Vec<String>>().join(", "))
    };
    let short: Option<Vec<String>> = ids.iter().map(values).collect();
    short.unwrap_or_else(|| ids.into_iter().map(str::to_string).collect())
}

/// A cell without emphasis.
pub fn plain(text: String) -> SheetCell {
    (text, Tone::Plain)
}

/// `70.4 → 72.1 (+1.7)` from two proportions, in %.
pub fn moved(before: Option<f64>, after: Option<f64>) -> SheetCell {
    let percent = |value: Option<f64>| value.map(|value| 100.0 * value);
    change(percent(before), percent(after), 1, Better::Higher)
}

/// Which way a value is better.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Better {
    Higher,
    Lower,
}

/// `0.704 → 0.721 (+0.017)` with so many decimals.
pub fn change(
    before: Option<f64>,
    after: Option<f64>,
    decimals: usize,
    better: Better,
) -> SheetCell {
    let written = |value: f64| unsigned_zero(format!("{value:.decimals$}"));
    let or_dash = |value: Option<f64>| value.map_or("-".into(), written);
    if before.is_none() && after.is_none() {
        return plain("-".into());
    }
    let text = format!("{} → {}", or_dash(before), or_dash(after));
    let (Some(before), Some(after)) = (before, after) else {
        return plain(text);
    };
    let difference = after - before;
    let least = 0.5 * 0.1f64.powi(decimals as i32);
    let gained = match better {
        Better::Higher => difference,
        Better::Lower => -difference,
    };
    let tone = match gained {
        gained if gained >= least => Tone::Good,
        gained if gained <= -least => Tone::Bad,
        _ => Tone::Faint,
    };
    let difference = unsigned_zero(format!("{difference:+.decimals$}"));
    (format!("{text} ({difference})"), tone)
}

/// A zero has no sign.
fn unsigned_zero(text: String) -> String {
    let digits = text.trim_start_matches(['+', '-']);
    match digits.chars().all(|c| matches!(c, '0' | '.')) {
        true => digits.to_owned(),
        false => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_the_values_of_variants_and_of_pairs_of_them() {
        let short = |ids: &[&str]| short_names(ids.iter().copied());
        assert_eq!(
            short(&[
                "train[seed=1,method=baseline]",
                "train[seed=1,method=baseline] -> train[seed=1,method=GR C]",
                "train[seed=1] -> train[seed=1,method=GR C]",
            ]),
            [
                "seed 1, baseline",
                "seed 1, baseline → GR C",
                "seed 1 → seed 1, GR C"
            ]
        );
        let other = ["train[seed=1]", "test[seed=1] -> train[seed=2]"];
        assert_eq!(short(&other), other);
    }

    #[test]
    fn a_change_too_small_to_show_has_no_sign() {
        assert_eq!(moved(Some(0.5), Some(0.4999)).0, "50.0 → 50.0 (0.0)");
        assert_eq!(moved(Some(0.5), None).0, "50.0 → -");
        assert_eq!(moved(None, None).0, "-");
        let (text, tone) = change(Some(1.5), Some(1.25), 3, Better::Lower);
        assert_eq!(
            (text.as_str(), tone),
            ("1.500 → 1.250 (-0.250)", Tone::Good)
        );
        assert_eq!(
            change(Some(-0.0001), Some(0.2), 3, Better::Higher).0,
            "0.000 → 0.200 (+0.200)"
        );
    }
}
