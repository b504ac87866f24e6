//! Probes of embeddings made for the test.

use rand::{Rng, SeedableRng};

use super::*;

struct Made {
    points: Points,
    origins: Vec<(String, String, String)>,
}

/// 4 corpora of 3 speakers of 20 utterances; dimensions 0 and 1 encode the corpus, dimension 2 the speaker, the rest
/// is noise.
fn made(signal: f32) -> Made {
    let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(1);
    let (mut values, mut origins) = (Vec::new(), Vec::new());
    for corpus in 0..4u16 {
        for speaker in 0..3u16 {
            for utterance in 0..20 {
                values.push(signal * f32::from(corpus % 2));
                values.push(signal * f32::from(corpus / 2));
                values.push(signal * f32::from(speaker) * 0.5);
                values.extend((0..13).map(|_| 0f32));
                let start = values.len() - 16;
                values[start..]
                    .iter_mut()
                    .for_each(|v| *v += random.gen_range(-1.0..1.0));
                let speaker = format!("c{corpus}/s{speaker}");
                origins.push((
                    format!("{speaker}/{utterance}"),
                    speaker,
                    format!("c{corpus}"),
                ));
            }
        }
    }
    Made {
        points: Points::new(16, values).unwrap(),
        origins,
    }
}

fn probe_corpus(made: &Made, threads: usize, seed: u64) -> Vec<Probed> {
    let origins: Vec<Origin<'_>> = made
        .origins
        .iter()
        .map(|(utterance, speaker, corpus)| Origin {
            utterance,
            speaker,
            corpus,
        })
        .collect();
    let attributes = [
        Labelled {
            values: origins.iter().map(|o| Some(o.corpus)).collect(),
            by_speaker: true,
        },
        Labelled {
            values: origins.iter().map(|o| Some(o.speaker)).collect(),
            by_speaker: false,
        },
        Labelled {
            values: origins
                .iter()
                .map(|o| (o.corpus != "c0").then_some("one"))
                .collect(),
            by_speaker: true,
        },
        Labelled {
            values: origins
                .iter()
                .map(|o| {
                    Some(if o.speaker == "c1/s1" {
                        "rare"
                    } else {
                        o.corpus
                    })
                })
                .collect(),
            by_speaker: true,
        },
    ];
    let options = ProbeOptions {
        folds: 3,
        logistic: LogisticOptions {
            c: 1.0,
            ..LogisticOptions::default()
        },
        seed,
    };
    let workers = Workers::new(threads).unwrap();
    probe(
        &made.points,
        &origins,
        &attributes,
        &options,
        &workers,
        &|| false,
        &|_, _| (),
    )
    .unwrap()
}

#[test]
fn what_is_there_is_found_and_noise_stays_at_chance() {
    let found = probe_corpus(&made(4.0), 1, 1);
    let [corpus, speaker, one, rare] = &found[..] else {
        panic!("four attributes")
    };
    assert!(corpus.ua.unwrap() > 0.98, "{corpus:?}");
    assert!(found.iter().all(|probed| probed.unfinished == 0));
    assert_eq!(corpus.confusion.as_ref().unwrap().total(), 240);
    // Chance is 1 in 12.
    assert!(speaker.ua.unwrap() > 0.5, "{:?}", speaker.ua);
    assert_eq!((one.ua, one.unknown, one.labels.len()), (None, 60, 1));
    assert_eq!(rare.left_out, ["rare"]);
    assert_eq!(rare.confusion.as_ref().unwrap().total(), 220);
    let noise = probe_corpus(&made(0.0), 1, 1);
    let ua = noise[0].ua.unwrap();
    assert!((ua - 0.25).abs() < 0.12, "{ua}");
    // The interval leaves out that another draw of data would fit another probe, so it may just miss chance.
    let interval = noise[0].interval.unwrap();
    assert!(interval.low < 0.28 && 0.22 < interval.high, "{interval:?}");
    assert!(interval.low < ua && ua < interval.high, "{interval:?}");
}

#[test]
fn threads_do_not_matter_and_the_seed_does() {
    let made = made(0.7);
    let found = probe_corpus(&made, 1, 1);
    assert_eq!(found, probe_corpus(&made, 4, 1));
    assert_ne!(found, probe_corpus(&made, 1, 2));
}
