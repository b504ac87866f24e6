//! Splits of made corpora: disjoint speakers, near to the fractions, the same every time.

use proptest::prelude::*;

use crate::corpus::Gender;

use super::*;

/// `seconds` of speech of one speaker, in utterances of up to 3 s.
fn speech(
    corpus: &str,
    speaker: &str,
    gender: Option<Gender>,
    seconds: f64,
) -> Vec<(Utterance, f64)> {
    let pieces = (seconds / 3.0).ceil().max(1.0);
    (0..pieces as usize)
        .map(|i| {
            let utterance = Utterance {
                id: format!("{corpus}/{speaker}/{i}"),
                corpus: corpus.into(),
                speaker: format!("{corpus}/{speaker}").into(),
                gender,
                language: "en".into(),
                label: "x".into(),
                class: Some("neutral".into()),
                votes: None,
                columns: None,
                split: Split::Train,
            };
            (utterance, seconds / pieces)
        })
        .collect()
}

/// `count` speakers, women and men in turn, with somewhat uneven hours.
fn corpus(
    name: &str,
    count: usize,
    genders: &[Option<Gender>],
    hours: f64,
) -> Vec<(Utterance, f64)> {
    (0..count)
        .flat_map(|i| {
            let uneven = 1.0 + 0.1 * ((i * 7 % 5) as f64 - 2.0) / 2.0;
            let gender = genders[i % genders.len()];
            speech(
                name,
                &format!("{i:02}"),
                gender,
                hours * 3600.0 / count as f64 * uneven,
            )
        })
        .collect()
}

const BOTH: [Option<Gender>; 2] = [Some(Gender::Female), Some(Gender::Male)];

#[test]
fn the_papers_six_corpora_split_47_7_7() {
    // Speakers and hours of EMOVO, Emo-DB, IEMOCAP, EPST (hours assumed), RAVDESS, SAVEE.
    let mut data = corpus("emovo", 6, &BOTH, 0.510);
    data.extend(corpus("emo-db", 10, &BOTH, 0.413));
    data.extend(corpus("iemocap", 10, &BOTH, 9.532));
    data.extend(corpus("epst", 7, &BOTH, 1.0));
    data.extend(corpus("ravdess", 24, &BOTH, 1.480));
    data.extend(corpus("savee", 4, &[Some(Gender::Male)], 0.512));
    let table = assign(&data, &SplitOptions::default()).unwrap();
    let speakers = Split::ALL.map(|split| table.total(split, None).speakers);
    assert_eq!(speakers, [47, 7, 7]);
    for name in ["emovo", "emo-db", "iemocap", "epst"] {
        let held = [Split::Validation, Split::Test].map(|split| genders(&table, name, split));
        assert_eq!((held[0].len(), held[1].len()), (1, 1), "{name}");
        assert_ne!(held[0], held[1], "{name}");
    }
    for split in [Split::Validation, Split::Test] {
        let genders = genders(&table, "ravdess", split);
        assert_eq!(genders.len(), 2);
        assert_ne!(genders[0], genders[1]);
        assert_eq!(table.total(split, Some("savee")).speakers, 1);
    }
}

fn genders(table: &SplitTable, corpus: &str, split: Split) -> Vec<Option<Gender>> {
    let prefix = format!("{corpus}/");
    table
        .rows
        .iter()
        .filter(|(speaker, row)| speaker.starts_with(&prefix) && row.split == split)
        .map(|(_, row)| row.gender)
        .collect()
}

#[test]
fn hours_are_as_near_as_whole_speakers_allow() {
    // 10 % is 10 minutes: e alone for one split and b + c for the other fit exactly.
    let minutes = [
        ("a", 40.0),
        ("b", 4.0),
        ("c", 6.0),
        ("d", 40.0),
        ("e", 10.0),
    ];
    let data: Vec<_> = minutes
        .iter()
        .flat_map(|(name, m)| speech("c", name, None, m * 60.0))
        .collect();
    for seed in 0..20 {
        let options = SplitOptions {
            seed,
            ..SplitOptions::default()
        };
        let table = assign(&data, &options).unwrap();
        let hours = Split::ALL.map(|split| (table.total(split, None).hours * 60.0).round());
        assert_eq!(hours, [80.0, 10.0, 10.0], "seed {seed}");
    }
}

#[test]
fn the_seed_chooses_among_equals_and_nothing_else_does() {
    let data: Vec<_> = (0..10)
        .flat_map(|i| speech("c", &format!("{i:02}"), BOTH[i % 2], 360.0))
        .collect();
    let of_seed = |seed| {
        assign(
            &data,
            &SplitOptions {
                seed,
                ..SplitOptions::default()
            },
        )
        .unwrap()
    };
    assert_eq!(of_seed(3), of_seed(3));
    let different = (0..10).filter(|&seed| of_seed(seed) != of_seed(0)).count();
    assert!(different >= 5, "{different}");
    let mut turned = data.clone();
    turned.reverse();
    turned.extend(corpus("another", 5, &BOTH, 1.0));
    let with_another = assign(&turned, &SplitOptions::default()).unwrap();
    for (speaker, row) in &of_seed(0).rows {
        assert_eq!(with_another.rows.get(speaker), Some(row));
    }
}

#[test]
fn few_speakers_follow_the_written_rule() {
    let split = |count, options: SplitOptions| {
        let table = assign(&corpus("c", count, &BOTH, 1.0), &options).unwrap();
        Split::ALL.map(|split| table.total(split, None).speakers)
    };
    let usual = SplitOptions::default();
    assert_eq!(split(1, usual), [1, 0, 0]);
    assert_eq!(split(2, usual), [1, 1, 0]);
    assert_eq!(split(3, usual), [1, 1, 1]);
    let no_validation = SplitOptions {
        train: 0.9,
        validation: 0.0,
        test: 0.1,
        seed: 0,
    };
    assert_eq!(split(2, no_validation), [1, 0, 1]);
    let all_test = SplitOptions {
        train: 0.0,
        validation: 0.0,
        test: 1.0,
        seed: 0,
    };
    assert_eq!(split(4, all_test), [0, 0, 4]);
    assert!(assign::<Utterance>(&[], &usual).unwrap().rows.is_empty());
}

#[test]
fn fractions_must_make_a_whole() {
    for (train, validation, test) in [(0.8, 0.1, 0.2), (1.2, -0.1, -0.1), (f64::NAN, 0.5, 0.5)] {
        let options = SplitOptions {
            train,
            validation,
            test,
            seed: 0,
        };
        assert!(matches!(
            assign::<Utterance>(&[], &options),
            Err(SplitError::Fractions { .. })
        ));
    }
}

#[test]
fn a_table_is_written_and_read_back() {
    let mut data = corpus("c", 5, &BOTH, 1.0);
    data.extend(speech("d", "no gender", None, 10.0));
    let table = assign(&data, &SplitOptions::default()).unwrap();
    let text = table.to_text();
    assert!(
        text.contains("\nspeaker\tsplit\tgender\tutterances\thours\nc/00\t"),
        "{text}"
    );
    assert_eq!(SplitTable::parse(&text).unwrap(), table);
    let short = SplitTable::parse("# pinned\nc/00\ttest\nc/01\ttrain\r\n").unwrap();
    assert_eq!(short.rows["c/00"].split, Split::Test);
    assert_eq!(short.rows["c/01"].split, Split::Train);
}

#[test]
fn a_bad_line_is_named() {
    for (text, line) in [
        ("a\ttrain\na\ttest\n", 2),
        ("# x\n\na train\n", 3),
        ("a\tTrain", 1),
        ("a\ttrain\tx", 1),
        ("a\ttrain\tmale\t-1", 1),
        ("a\ttrain\tmale\t1\tNaN", 1),
        ("a\ttrain\tmale\t1\t1\t1", 1),
    ] {
        match SplitTable::parse(text) {
            Err(SplitError::Line { line: at, .. }) => assert_eq!(at, line, "{text:?}"),
            other => panic!("{text:?}: {other:?}"),
        }
    }
}

#[test]
fn a_pinned_table_must_name_exactly_the_speakers_of_the_data() {
    let mut data: Vec<Utterance> = corpus("c", 2, &BOTH, 0.01)
        .into_iter()
        .map(|(u, _)| u)
        .collect();
    let apply = |text: &str, data: &mut Vec<Utterance>| {
        SplitTable::parse(text)
            .unwrap()
            .apply(data.iter_mut())
            .map_err(|error| error.to_string())
    };
    let missing = apply("c/00\ttest\n", &mut data).unwrap_err();
    assert_eq!(missing, "the split table does not assign c/01");
    let unknown = apply("c/00\ttest\nc/01\ttrain\nc/9\ttrain\n", &mut data).unwrap_err();
    assert_eq!(
        unknown,
        "the split table assigns speakers that do not exist: c/9"
    );
    assert!(data.iter().all(|utterance| utterance.split == Split::Train));
    apply("c/00\ttest\nc/01\ttrain\n", &mut data).unwrap();
    for utterance in &data {
        let wanted = if &*utterance.speaker == "c/00" {
            Split::Test
        } else {
            Split::Train
        };
        assert_eq!(utterance.split, wanted);
    }
}

#[test]
fn hundreds_of_speakers_are_split_at_once() {
    for count in [10, 12, 13, 24, 91, 300, 3000] {
        let data = corpus("c", count, &BOTH, 5.257);
        let start = std::time::Instant::now();
        let table = assign(&data, &SplitOptions::default()).unwrap();
        let seconds = start.elapsed().as_secs_f64();
        eprintln!("{count} speakers split in {:.1} ms", seconds * 1e3);
        assert!(seconds < 60.0, "{count} speakers: {seconds} s");
        for split in [Split::Validation, Split::Test]
            .into_iter()
            .filter(|_| count > 24)
        {
            let hours = table.total(split, None).hours;
            assert!((hours - 0.5257).abs() < 0.03, "{count} speakers: {hours} h");
        }
    }
}

proptest! {
    #[test]
    fn every_speaker_is_in_one_split_and_none_is_starved(
        seconds in proptest::collection::vec(0.0f64..500.0, 1..40),
        women in any::<u64>(),
        seed in any::<u64>(),
    ) {
        let data: Vec<_> = seconds
            .iter()
            .enumerate()
            .flat_map(|(i, &s)| speech("c", &format!("{i:02}"), BOTH[(women >> i & 1) as usize], s))
            .collect();
        let options = SplitOptions { seed, ..SplitOptions::default() };
        let table = assign(&data, &options).unwrap();
        prop_assert_eq!(table.rows.len(), seconds.len());
        let speakers = Split::ALL.map(|split| table.total(split, None).speakers);
        prop_assert!(speakers[0] > 0);
        prop_assert!(seconds.len() < 2 || speakers[1] > 0);
        prop_assert!(seconds.len() < 3 || speakers[2] > 0);
        prop_assert_eq!(SplitTable::parse(&table.to_text()).unwrap(), table);
    }

    #[test]
    fn any_text_is_read_or_refused(text in "(.|\n|\t){0,200}") {
        let _ = SplitTable::parse(&text);
    }
}

#[test]
fn counts_of_any_size_are_added_up() {
    let most = usize::MAX;
    let table =
        SplitTable::parse(&format!("a/s\ttrain\t-\t{most}\nb/s\ttrain\t-\t{most}\n")).unwrap();
    assert_eq!(table.total(Split::Train, None).utterances, most);
    assert_eq!(SplitTable::parse(&table.to_text()).unwrap(), table);
}
