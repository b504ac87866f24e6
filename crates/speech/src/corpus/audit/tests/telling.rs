//! What gives the class away: corpora, speakers, facts of files and of what is heard, columns.

use super::*;

fn without_columns(items: &[Audited], classes: &[&str]) -> Vec<Finding> {
    shortcuts::shortcuts(items, classes, &BTreeSet::new())
}

#[test]
fn what_gives_the_class_away_is_named() {
    let classes = ["happy", "sad"];
    let item = |corpus: &str, n: usize, class: &str| {
        let mut item = named(&format!("{corpus}/{class}{n}"), class, Split::Train);
        item.utterance.speaker = format!("{corpus}/s{}", n % 6).into();
        item
    };
    let mixed: Vec<Audited> = (0..48)
        .map(|n| item("one", n, classes[n / 6 % 2]))
        .collect();
    assert_eq!(without_columns(&mixed, &classes), []);
    let apart: Vec<Audited> = (0..48)
        .map(|n| item(["one", "two"][n % 2], n, classes[n % 2]))
        .collect();
    let found = without_columns(&apart, &classes);
    assert_eq!(
        codes(&found),
        [
            "audit::corpus_determines_class",
            "audit::speaker_determines_class",
            "audit::fact_determines_class"
        ]
    );
    assert_eq!(found[0].names, ["one is happy", "two is sad"]);
    let mut lone = mixed.clone();
    lone.extend((0..12).map(|n| item("two", n, "happy")));
    let found = without_columns(&lone, &classes);
    assert_eq!(found[0].code, "audit::class_in_one_corpus");
    assert_eq!(found[0].names, ["sad (in one)"]);
}

#[test]
fn a_rate_or_a_loudness_that_follows_the_class_is_reported_with_its_accuracy() {
    let made = Made::new();
    let classes = ["happy", "sad"];
    let item = |n: usize, wave: &Waveform| {
        let mut item = made.of(&format!("c/{n}"), wave);
        item.utterance.class = Some(classes[n % 2].into());
        item.utterance.speaker = format!("c/s{}", n / 4).into();
        item
    };
    let rates: Vec<Audited> = (0..40)
        .map(|n| item(n, &speech(n as u32, [16_000, 22_050][n % 2], 0.4)))
        .collect();
    let found = without_columns(&rates, &classes);
    let rate: Vec<&Finding> = found
        .iter()
        .filter(|f| f.names == ["sample rate"])
        .collect();
    assert_eq!(rate[0].severity, Severity::Error);
    assert!(rate[0].message.contains("100.0 %"), "{}", rate[0].message);
    let loud: Vec<Audited> = (0..40)
        .map(|n| {
            let mut wave = speech(n as u32, 16_000, 0.4);
            let gain = [1.0, 0.1][n % 2];
            wave.samples.iter_mut().for_each(|sample| *sample *= gain);
            item(n, &wave)
        })
        .collect();
    let found = without_columns(&loud, &classes);
    let found = of_code(&found, "audit::fact_determines_class");
    assert_eq!(found[0].names, ["loudness"]);
    assert_eq!(found[0].severity, Severity::Warning);
}

/// Recordings of two classes by six speakers, with the columns that `of` gives the class and the speaker.
fn with_columns(of: impl Fn(usize, usize) -> Vec<(&'static str, String)>) -> Vec<Audited> {
    let item = |n: usize| {
        let (class, speaker) = (n % 2, n / 2 % 6);
        let mut item = named(&format!("c/{n}"), ["happy", "sad"][class], Split::Train);
        item.utterance.speaker = format!("c/s{speaker}").into();
        let columns = of(class, speaker).into_iter();
        let columns = columns.map(|(name, value)| (name.to_owned(), value));
        item.utterance.columns = Some(Arc::new(columns.collect()));
        item
    };
    (0..48).map(item).collect()
}

#[test]
fn a_column_that_follows_the_class_is_reported_and_ratings_are_not() {
    let items = with_columns(|class, speaker| {
        vec![
            ("device", ["phone", "tablet"][class].to_owned()),
            ("room", (class + 1).to_string()),
            ("session", speaker.to_string()),
            ("arousal", format!("{}.5", class + 1)),
            ("other", ["a", "b"][class].to_owned()),
        ]
    });
    let columns = ["device", "room", "session", "arousal"];
    let columns: BTreeSet<String> = columns.map(str::to_owned).into();
    let found = shortcuts::shortcuts(&items, &["happy", "sad"], &columns);
    assert_eq!(codes(&found), ["audit::fact_determines_class"; 2]);
    assert_eq!(found[0].names, ["column `device`"]);
    assert_eq!(found[0].severity, Severity::Warning);
    assert_eq!(
        found[0].message,
        "the column `device` alone determines the class: a balanced accuracy of 100.0 % on held-out speakers, against 50.0 % by guessing"
    );
    assert_eq!(found[1].names, ["column `room`"]);
}
