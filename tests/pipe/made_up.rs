//! A made-up study as large as the paper's, with all that a report can hold, to look at and to test the page on.

use std::collections::{BTreeMap, BTreeSet};

use pipe_report::eval::{Confusion, Evaluation, Interval, Metrics};
use pipe_report::{
    Attribute, EmbeddingMap, EpochHeadLoss, EpochLosses, EpochPoint, EpochScores, MapPoint, Method,
    ModelIdentity, Probe, ProbeEntry, Report, ReportEntry, Study,
};

mod audit;
mod chance;
mod corpora;
mod facts;
mod hostile;

use audit::audit;
use chance::Chance;
use corpora::{CLASSES, SHARES, TRAINING, UNSEEN};
use facts::facts;
pub use hostile::hostile;

/// The report and its study.
pub fn study() -> (Report, Study) {
    let report = report();
    let study = Study::of(&report);
    (report, study)
}

/// Every combination of the four attributes that is not empty, small ones first.
fn combinations() -> Vec<BTreeSet<Attribute>> {
    let all = [
        Attribute::Corpus,
        Attribute::Speaker,
        Attribute::Gender,
        Attribute::Language,
    ];
    let mut sets: Vec<BTreeSet<Attribute>> = (1..16u32)
        .map(|bits| {
            let chosen = all.iter().enumerate();
            let chosen = chosen.filter(|(place, _)| bits >> place & 1 == 1);
            chosen.map(|(_, attribute)| attribute.clone()).collect()
        })
        .collect();
    sets.sort_by_key(BTreeSet::len);
    sets
}

fn report() -> Report {
    let mut chance = Chance(2022);
    let mut variants = vec![(Method::Baseline, BTreeSet::new())];
    for method in [Method::Mtl, Method::Gr, Method::Ad] {
        variants.extend(combinations().into_iter().map(|set| (method, set)));
    }
    let mut entries = Vec::new();
    for (place, (method, attributes)) in variants.iter().enumerate() {
        let shift = match method {
            Method::Baseline => 0.0,
            Method::Mtl => 0.01 * chance.normal(),
            Method::Gr => 0.015 + 0.02 * chance.normal(),
            Method::Ad => -0.03 + 0.03 * chance.normal(),
        };
        for seed in 1..=3 {
            let collapsed = place == 37 && seed == 2;
            entries.push(entry(
                &mut chance,
                *method,
                attributes,
                seed,
                shift,
                collapsed,
            ));
        }
    }
    let chosen = ["baseline, seed 1", "MTL C, seed 1", "GR C, seed 1"];
    let models: Vec<ModelIdentity> = entries.iter().map(|entry| entry.model.clone()).collect();
    let maps = chosen.iter().enumerate().filter_map(|(place, name)| {
        let model = models.iter().find(|model| model.name == *name)?;
        Some(map(&mut chance, model, [14.0, 17.0, 3.0][place]))
    });
    let maps: Vec<EmbeddingMap> = maps.collect();
    let probes = models
        .iter()
        .filter(|model| model.attributes.len() <= 1)
        .map(|model| probes(&mut chance, model))
        .collect();
    let facts = facts(&mut chance, &models);
    Report {
        title: "Made-up study: 46 models, three seeds, two unseen corpora".into(),
        entries,
        reference: None,
        notes: vec!["Every number on this page is made up, to look at the page itself.".into()],
        probes,
        maps,
        audits: vec![audit()],
        study: None,
        facts: Some(facts),
    }
}

fn entry(
    chance: &mut Chance,
    method: Method,
    attributes: &BTreeSet<Attribute>,
    seed: u64,
    shift: f64,
    collapsed: bool,
) -> ReportEntry {
    let mut model = ModelIdentity {
        name: String::new(),
        method: Some(method),
        attributes: attributes.clone(),
        seed: Some(seed),
        training_corpora: TRAINING.iter().map(|(name, ..)| name.to_string()).collect(),
    };
    model.name = format!("{}, seed {seed}", model.variant().expect("a method"));
    let mut corpora = BTreeMap::new();
    let mut speakers = BTreeMap::new();
    let mut overall = Confusion::new(3);
    for (name, _, heard, utterances) in TRAINING.into_iter().chain(UNSEEN) {
        let unseen = UNSEEN.iter().any(|(other, ..)| *other == name);
        let (base, total) = if unseen {
            (0.51, utterances)
        } else {
            (0.6, utterances / 10)
        };
        let tested = if unseen { heard } else { heard.div_ceil(8) };
        let mut sum = Confusion::new(3);
        let mut of_speakers = BTreeMap::new();
        for speaker in 0..tested {
            let own = 0.05 * chance.normal();
            let share = total / tested as u64;
            let confusion = confusion(chance, base + shift + own, share, collapsed && unseen);
            sum.merge(&confusion).expect("three classes");
            of_speakers.insert(format!("{name}/{speaker:02}"), confusion);
        }
        overall.merge(&sum).expect("three classes");
        corpora.insert(name.to_string(), Metrics::of(sum));
        speakers.insert(name.to_string(), of_speakers);
    }
    let epochs = 24 + (chance.share() * 16.0) as usize;
    ReportEntry {
        leaks: Vec::new(),
        partitions: Vec::new(),
        model,
        evaluation: Evaluation {
            classes: CLASSES.map(String::from).into(),
            corpora,
            speakers,
            overall: Metrics::of(overall),
            targets: BTreeMap::new(),
            labels: BTreeMap::new(),
        },
        epochs: 40,
        final_alpha: None,
        history: history(chance, attributes, method, epochs),
        axes: Vec::new(),
        folds: Vec::new(),
    }
}

fn confusion(chance: &mut Chance, ua: f64, total: u64, collapsed: bool) -> Confusion {
    let rows: Vec<Vec<u64>> = (0..3)
        .map(|truth| {
            let support = total as f64 * SHARES[truth];
            let recall = if collapsed {
                f64::from(u8::from(truth == 2))
            } else {
                (ua + 0.04 * chance.normal() + 0.08 * (truth as f64 - 1.0)).clamp(0.05, 0.95)
            };
            let hits = (support * recall).round();
            let wrong = support - hits;
            let lean = if collapsed {
                1.0
            } else {
                0.4 + 0.2 * chance.share()
            };
            let mut row = vec![0; 3];
            row[truth] = hits as u64;
            let (a, b) = match truth {
                0 => (2, 1),
                1 => (2, 0),
                _ => (0, 1),
            };
            row[a] = (wrong * lean).round() as u64;
            row[b] = (wrong * (1.0 - lean)).round() as u64;
            row
        })
        .collect();
    Confusion::from_rows(&rows).expect("square")
}

fn history(
    chance: &mut Chance,
    attributes: &BTreeSet<Attribute>,
    method: Method,
    epochs: usize,
) -> Vec<EpochPoint> {
    let mut best = 0.0;
    let names = attributes.iter().map(|attribute| match attribute {
        Attribute::Corpus => ("corpus", 1.7),
        Attribute::Speaker => ("speaker", 3.9),
        Attribute::Gender => ("gender", 0.69),
        Attribute::Language => ("language", 1.1),
        Attribute::Column(name) => (name.as_str(), 1.0),
    });
    let names: Vec<(&str, f64)> = names.collect();
    (0..epochs)
        .map(|epoch| {
            let progress = epoch as f64 / 40.0;
            let ua = 0.36 + 0.26 * (1.0 - (-5.0 * progress).exp()) + 0.015 * chance.normal();
            let emotion = 1.08 * (-1.4 * progress).exp() + 0.01 * chance.normal();
            let alpha = if attributes.is_empty() {
                0.0
            } else {
                2.0 / (1.0 + (-10.0 * progress).exp()) - 1.0
            };
            let reversed = method == Method::Gr;
            let heads: Vec<EpochHeadLoss> = names
                .iter()
                .map(|(name, start)| EpochHeadLoss {
                    attribute: name.to_string(),
                    loss: start * (-if reversed { 0.3 } else { 2.5 } * progress).exp()
                        + 0.02 * chance.normal().abs(),
                })
                .collect();
            let tasks: f64 = heads.iter().map(|head| head.loss).sum();
            let is_best = ua > best;
            best = f64::max(best, ua);
            EpochPoint {
                epoch,
                updates: 400 * (epoch + 1),
                alpha,
                learning_rate: 0.001,
                train: EpochLosses {
                    total: emotion + alpha * tasks,
                    emotion,
                    targets: Vec::new(),
                    heads,
                },
                gradient_norm: 1.0,
                validation: EpochScores {
                    ua: Some(ua),
                    recalls: vec![Some(ua); 3],
                    loss: Some(1.0),
                    targets: BTreeMap::new(),
                },
                best: is_best,
                device: None,
            }
        })
        .collect()
}

fn probes(chance: &mut Chance, model: &ModelIdentity) -> ProbeEntry {
    let values = |count: usize, prefix: &str| -> Vec<String> {
        (1..=count)
            .map(|number| format!("{prefix}{number:02}"))
            .collect()
    };
    let list = [
        (
            "corpus",
            TRAINING.map(|(name, ..)| name.to_string()).to_vec(),
            0.92,
        ),
        ("speaker", values(62, "speaker_"), 0.55),
        ("gender", vec!["female".into(), "male".into()], 0.94),
        ("language", vec!["de".into(), "en".into(), "it".into()], 0.9),
        ("emotion", CLASSES.map(String::from).to_vec(), 0.61),
    ];
    let probes = list.into_iter().map(|(attribute, labels, base)| {
        let less = if model.method == Some(Method::Gr) {
            0.18
        } else {
            0.0
        };
        let ua: f64 = (base - less + 0.02 * chance.normal()).clamp(0.02, 0.99);
        let chance_ua = 1.0 / labels.len() as f64;
        let none = attribute == "speaker" && model.method == Some(Method::Ad);
        Probe {
            attribute: attribute.into(),
            labels,
            utterances: 10_994,
            speaker_disjoint: attribute != "speaker",
            ua: (!none).then_some(ua),
            interval: (!none).then_some(Interval {
                low: ua - 0.03,
                high: (ua + 0.03).min(1.0),
            }),
            chance_ua: Some(chance_ua),
            silhouette: Some((base - 0.6 - less) * 0.5 + 0.02 * chance.normal()),
            remark: none.then(|| "fewer than two speakers could be tested".into()),
        }
    });
    ProbeEntry {
        model: model.clone(),
        probes: probes.collect(),
    }
}

fn map(chance: &mut Chance, model: &ModelIdentity, apart: f64) -> EmbeddingMap {
    let points = (0..1500).map(|number| {
        let corpora: Vec<_> = TRAINING.into_iter().chain(UNSEEN).collect();
        let place = (chance.share() * 8.0) as usize % 8;
        let (corpus, language, speakers, _) = corpora[place];
        let speaker = (chance.share() * speakers as f64) as usize;
        let angle = place as f64 * std::f64::consts::TAU / 8.0;
        let own = speaker as f64 * 2.4;
        let x = apart * angle.cos() + 3.0 * own.cos() + 2.2 * chance.normal();
        let y = apart * angle.sin() + 3.0 * own.sin() + 2.2 * chance.normal();
        let split = if place > 5 {
            "test"
        } else {
            ["train", "validation", "test"][number % 3]
        };
        MapPoint {
            x: x as f32,
            y: y as f32,
            utterance: format!("{corpus}/{speaker:02}_{number:05}"),
            corpus: corpus.into(),
            speaker: format!("{corpus}/{speaker:02}"),
            gender: (corpus != "epst").then(|| ["female", "male"][speaker % 2].into()),
            language: language.into(),
            emotion: CLASSES[(chance.share() * 3.0) as usize % 3].into(),
            split: split.into(),
        }
    });
    EmbeddingMap {
        model: model.clone(),
        perplexity: 30.0,
        points: points.collect(),
    }
}
