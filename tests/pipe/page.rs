//! The HTML report as text: complete, self-contained, safe, the same every time.

use std::path::Path;

use pipe_report::{Report, Study};

use crate::made_up;

/// Every `id` of a section.
const SECTIONS: [&str; 13] = [
    "answer",
    "gain",
    "tests",
    "training",
    "probes",
    "maps",
    "data",
    "audit",
    "leaks",
    "left-out",
    "steps",
    "reproduce",
    "reading",
];

/// Writes a page where it can be looked at after the tests; whole at once, since a browser of another test may be
/// reading it.
pub fn write(name: &str, html: &str) -> std::path::PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let path = folder.join(name);
    let mut file = tempfile::NamedTempFile::new_in(folder).unwrap();
    std::io::Write::write_all(&mut file, html.as_bytes()).unwrap();
    file.persist(&path).unwrap();
    path
}

#[test]
fn a_whole_study_has_every_section_and_stays_small() {
    let (report, study) = made_up::study();
    let html = report.to_html_of(&study);
    write("study.html", &html);
    for id in SECTIONS {
        assert!(html.contains(&format!("<section id=\"{id}\">")), "{id}");
        assert!(html.contains(&format!("<a href=\"#{id}\">")), "{id}");
    }
    assert!(html.len() < 4_000_000, "{} bytes", html.len());
    assert_eq!(html, report.to_html_of(&study));
    let (again, study) = made_up::study();
    assert_eq!(html, again.to_html_of(&study));
}

#[test]
fn nothing_outside_the_file_is_named_but_links() {
    let (report, study) = made_up::study();
    let html = report.to_html_of(&study);
    assert!(html.starts_with("<!doctype html>\n<html lang=\"en\">"));
    for what in [
        " src=",
        "url(",
        "@import",
        "<link rel=\"stylesheet",
        "<iframe",
        "<object",
        "<use",
    ] {
        assert!(!html.contains(what), "{what}");
    }
    assert_eq!(html.matches("<link ").count(), 1, "the empty icon alone");
    // Addresses stand in links, which are followed only by a reader, and in the name of the SVG language.
    for (place, _) in html.match_indices("http") {
        let before = &html[..place];
        let known = before.ends_with("href=\"")
            || before.ends_with("noreferrer\">")
            || before.ends_with("<meta ")
            || html[place..].starts_with("http://www.w3.org/2000/svg")
            || html[place..].starts_with("http-equiv");
        assert!(known, "{}", &html[place..html.len().min(place + 60)]);
    }
}

#[test]
fn what_is_not_there_is_left_out() {
    let empty = Report {
        title: " ".into(),
        ..Report::default()
    };
    let html = empty.to_html();
    assert!(html.contains("<h1>Report</h1>"));
    assert!(html.contains("no model was evaluated"));
    assert!(!html.contains("<section"));

    let (mut report, _) = made_up::study();
    report.probes.clear();
    report.maps.clear();
    report.audits.clear();
    report.facts = None;
    for entry in &mut report.entries {
        entry.history.clear();
    }
    let html = report.to_html_of(&Study::of(&report));
    // All but the first three and the last.
    for id in &SECTIONS[3..12] {
        assert!(!html.contains(&format!("\"{id}\"")), "{id}");
        assert!(!html.contains(&format!("#{id}\"")), "{id}");
    }
    for id in ["answer", "tests", "reading"] {
        assert!(html.contains(&format!("<section id=\"{id}\">")), "{id}");
    }
}

#[test]
fn names_stay_text_and_missing_numbers_are_dashes() {
    let (report, study) = made_up::hostile();
    let html = report.to_html_of(&study);
    write("hostile.html", &html);
    assert!(!html.contains("<img"));
    assert_eq!(html.matches("<script").count(), 2);
    assert_eq!(html.matches("</script").count(), 2);
    // Everything hostile arrived, as text.
    for number in 0..33 {
        assert!(
            html.contains(&format!("alert({number})")) || number == 19 || number == 6,
            "{number}"
        );
    }
    for bad in ["NaN", "inf", "Infinity"] {
        let script = html.find("<script>").unwrap();
        assert!(
            !html[..script].replace("information", "").contains(bad),
            "{bad}"
        );
    }
    assert!(html.contains("<td class=\"n first ua\">–</td>"));
}

/// The text of the answers, without markup.
fn answers(html: &str) -> String {
    let start = html.find("<ul class=\"answers\">").unwrap();
    let end = start + html[start..].find("</ul>").unwrap();
    let mut text = String::new();
    let mut inside = false;
    for character in html[start..end].chars() {
        match character {
            '<' => inside = true,
            '>' => inside = false,
            other if !inside => text.push(other),
            _ => {}
        }
    }
    text
}

#[test]
fn the_answer_is_written_as_sentences() {
    let (report, mut study) = made_up::study();
    study.variants.truncate(4);
    let tess = study
        .tests
        .iter()
        .position(|test| test.name == "tess")
        .unwrap();
    // UA, gain, corrected p: one holds and is better, one holds and is worse, one does not hold.
    let cells = [
        (0.50, None),
        (0.55, Some((0.05, 0.01))),
        (0.44, Some((-0.06, 0.04))),
        (0.52, Some((0.02, 0.9))),
    ];
    for (variant, (ua, gain)) in study.variants.iter_mut().zip(cells) {
        let cell = variant.cells[tess].as_mut().unwrap();
        cell.ua = ua;
        cell.collapsed = usize::from(ua == 0.44);
        cell.gain = gain.map(|(ua, p)| pipe_report::Gain {
            ua,
            interval: None,
            p: Some(p / 10.0),
            p_corrected: Some(p),
            over_seeds: true,
            over_speakers: true,
        });
    }
    let text = answers(&report.to_html_of(&study));
    let sentence = "tess (unseen in training): the baseline reaches 50.0 %, the best of 3 other variants is MTL C with \
        55.0 % (+5.0 points). After Holm’s correction (p&nbsp;&lt;&nbsp;0.05), 1 of 3 compared variants is better than \
        the baseline and 1 is worse. 1 variant has collapsed runs.";
    assert!(text.contains(sentence), "{text}");
    // Without p-values nothing is said of them, and without a baseline nothing of it.
    study.variants.remove(0);
    for cell in study
        .variants
        .iter_mut()
        .flat_map(|variant| &mut variant.cells)
        .flatten()
    {
        cell.gain = None;
        cell.collapsed = 0;
    }
    let text = answers(&report.to_html_of(&study));
    let sentence = "tess (unseen in training): the best of 3 variants is MTL C with 55.0 %.\n";
    assert!(text.contains(sentence), "{text}");
}

#[test]
fn variants_of_one_name_differ_by_their_training_corpora() {
    let (mut report, _) = made_up::study();
    report.entries.truncate(12);
    for entry in &mut report.entries {
        if entry.model.seed == Some(2) {
            entry.model.training_corpora.remove("savee");
        }
    }
    let html = report.to_html();
    assert!(html.contains(">baseline, on all</th>"), "every corpus");
    assert!(
        html.contains(">baseline, without savee</th>"),
        "all but one"
    );
    assert!(
        html.contains(">savee</h3>") || html.contains(">savee</th>"),
        "a test of some models"
    );
}
