//! Every form of a report shows the numbers of its study.

use std::collections::BTreeMap;

use super::{Study, simulated};

/// The rows of the Markdown table under a heading, as cells without emphasis.
fn markdown_table(text: &str, before: &str) -> Vec<Vec<String>> {
    let start = text.find(before).expect("the heading");
    let rows = text[start..]
        .lines()
        .skip_while(|line| !line.starts_with('|'))
        .take_while(|line| line.starts_with('|'));
    rows.map(|line| {
        line.trim_matches('|')
            .split(" | ")
            .map(|cell| cell.replace(['*', '\\'], "").trim().to_string())
            .collect()
    })
    .collect()
}

#[test]
fn every_form_shows_the_same_numbers() {
    let report = simulated::whole(2);
    let json: Study =
        serde_json::from_str(&report.to_study_json().expect("finite")).expect("a study");
    assert_eq!(json, Study::of(&report));
    let text = report.to_csv();
    let mut table = csv::Reader::from_reader(text.as_bytes());
    let rows: Vec<BTreeMap<String, String>> = table
        .deserialize()
        .map(|row| row.expect("one length"))
        .collect();
    assert_eq!(rows.len(), 46 * json.tests.len());
    let markdown = report.to_markdown();
    let mut compared = 0;
    for (place, test) in json.tests.iter().enumerate() {
        let shown = markdown_table(&markdown, &format!("**{}, ", test.name.replace('_', "\\_")));
        let column = |name: &str| shown[0].iter().position(|heading| heading == name);
        for (number, variant) in json.variants.iter().enumerate() {
            let cell = variant.cells[place].as_ref().expect("tested");
            let row = rows
                .iter()
                .find(|row| row["variant"] == variant.name && row["test"] == test.name)
                .expect("a row");
            let value = |name: &str| row[name].parse::<f64>().ok();
            assert_eq!(value("ua"), Some(cell.ua));
            assert_eq!(value("runs"), Some(cell.runs as f64));
            assert_eq!(value("wa"), Some(cell.wa));
            assert_eq!(
                value("seeds_low"),
                cell.seeds_interval.map(|interval| interval.low)
            );
            assert_eq!(
                value("speakers_high"),
                cell.speakers_interval.map(|interval| interval.high)
            );
            assert_eq!(value("gain"), cell.gain.map(|gain| gain.ua));
            assert_eq!(
                value("gain_low"),
                cell.gain.and_then(|gain| Some(gain.interval?.low))
            );
            assert_eq!(value("p"), cell.gain.and_then(|gain| gain.p));
            assert_eq!(
                value("p_corrected"),
                cell.gain.and_then(|gain| gain.p_corrected)
            );
            assert_eq!(
                value("paper_ua"),
                cell.published.map(|published| published.ua)
            );
            assert_eq!(value("recall_neutral"), cell.recalls[1]);
            assert_eq!(
                value("count_neutral_as_negative"),
                Some(cell.confusion.count(1, 2) as f64)
            );
            // The Markdown is rounded.
            let row = &shown[number + 2];
            assert_eq!(row[0], variant.name);
            for (heading, golden) in [
                ("UA", Some(cell.ua)),
                ("gain", cell.gain.map(|gain| gain.ua)),
                ("recall neg", cell.recalls[2]),
                ("paper UA", cell.published.map(|published| published.ua)),
            ] {
                let Some(column) = column(heading) else {
                    continue;
                };
                let found: Option<f64> = row[column].parse().ok();
                assert_eq!(
                    found.is_some(),
                    golden.is_some(),
                    "{heading} of {}",
                    variant.name
                );
                if let (Some(found), Some(golden)) = (found, golden) {
                    assert!(
                        (found - 100.0 * golden).abs() < 0.0501,
                        "{heading}: {found} {golden}"
                    );
                    compared += 1;
                }
            }
        }
    }
    assert!(compared > 46 * 9 * 2, "{compared}");
}
