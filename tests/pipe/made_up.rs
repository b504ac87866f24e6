//! A made-up study as large as the paper's, with all that a report can hold, to look at and to test the page on.

use std::collections::{BTreeMap, BTreeSet};

use pipe::eval::{Confusion, Evaluation, Interval, Metrics};
use pipe::report::{
    Attribute, CorpusFacts, EmbeddingMap, LeakCheck, LeftOut, MapPoint, Method, ModelIdentity,
    Probe, ProbeEntry, Report, ReportEntry, RunFacts, SplitFacts, StepFacts, Study,
};
use pipe_nn::train::{EpochRecord, HeadLoss, TrainLosses, ValidationScores};
use serde_json::json;

const TRAINING: [(&str, &str, usize, u64); 6] = [
    ("emo_db", "de", 10, 535),
    ("emovo", "it", 6, 588),
    ("epst", "en", 8, 2_420),
    ("iemocap", "en", 10, 5_531),
    ("ravdess", "en", 24, 1_440),
    ("savee", "en", 4, 480),
];
const UNSEEN: [(&str, &str, usize, u64); 2] =
    [("crema_d", "en", 91, 7_442), ("tess", "en", 2, 2_800)];
const CLASSES: [&str; 3] = ["positive", "neutral", "negative"];
const SHARES: [f64; 3] = [0.2, 0.2, 0.6];

/// Chance with a known course.
struct Chance(u64);

impl Chance {
    /// In 0..1.
    fn share(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }

    /// About normal, of standard deviation 1.
    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.share()).sum::<f64>() - 6.0
    }
}

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
            chosen.map(|(_, attribute)| *attribute).collect()
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
        notes: vec!["Every number on this page is made up, to look at the page itself.".into()],
        probes,
        maps,
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
        model,
        evaluation: Evaluation {
            classes: CLASSES.map(String::from).into(),
            corpora,
            speakers,
            overall: Metrics::of(overall),
        },
        epochs: 40,
        history: history(chance, attributes, method, epochs),
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
) -> Vec<EpochRecord> {
    let mut best = 0.0;
    let names = attributes.iter().map(|attribute| match attribute {
        Attribute::Corpus => ("corpus", 1.7),
        Attribute::Speaker => ("speaker", 3.9),
        Attribute::Gender => ("gender", 0.69),
        Attribute::Language => ("language", 1.1),
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
            let heads: Vec<HeadLoss> = names
                .iter()
                .map(|(name, start)| HeadLoss {
                    attribute: name.to_string(),
                    loss: start * (-if reversed { 0.3 } else { 2.5 } * progress).exp()
                        + 0.02 * chance.normal().abs(),
                })
                .collect();
            let tasks: f64 = heads.iter().map(|head| head.loss).sum();
            let is_best = ua > best;
            best = f64::max(best, ua);
            EpochRecord {
                epoch,
                updates: 400 * (epoch + 1),
                alpha,
                learning_rate: 0.001,
                train: TrainLosses {
                    total: emotion + alpha * tasks,
                    emotion,
                    heads,
                },
                gradient_norm: 1.0,
                validation: ValidationScores {
                    ua,
                    recalls: vec![Some(ua); 3],
                    loss: 1.0,
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

fn facts(chance: &mut Chance, models: &[ModelIdentity]) -> RunFacts {
    let corpora =
        TRAINING
            .into_iter()
            .chain(UNSEEN)
            .map(|(name, language, speakers, utterances)| {
                let unseen = UNSEEN.iter().any(|(other, ..)| *other == name);
                let parts: &[(&str, f64)] = if unseen {
                    &[("test", 1.0)]
                } else {
                    &[("train", 0.8), ("validation", 0.1), ("test", 0.1)]
                };
                let splits = parts.iter().map(|(split, share)| {
                    let count = utterances as f64 * share;
                    let classes = CLASSES.iter().zip(SHARES);
                    let facts = SplitFacts {
                        utterances: count as u64,
                        speakers: (speakers as f64 * share).ceil() as u64,
                        hours: (name != "epst").then_some(count * 3.1 / 3600.0),
                        classes: classes
                            .map(|(class, s)| (class.to_string(), (count * s) as u64))
                            .collect(),
                    };
                    (split.to_string(), facts)
                });
                CorpusFacts {
                    name: name.into(),
                    title: format!(
                        "A made-up corpus that stands for {name} with a full name of some length"
                    ),
                    language: language.into(),
                    licence: "Open Database License (ODbL) 1.0, research only".into(),
                    source: "https://example.org/a/corpus?with=a&query=1".into(),
                    splits: splits.collect(),
                    official_utterances: (name != "epst").then_some(utterances + 7),
                }
            });
    let mut left_out: Vec<LeftOut> = (0..420)
        .map(|number| LeftOut {
            step: "speech".into(),
            item: format!("iemocap/Ses01F_impro01_F{number:03}"),
            reason: "label `fru` is in no class".into(),
        })
        .collect();
    left_out.extend((0..9).map(|number| LeftOut {
        step: "unseen".into(),
        item: format!("crema_d/AudioWAV/1076_MTI_SAD_XX_{number}.wav"),
        reason: "silent from start to end".into(),
    }));
    let mut steps = vec![
        step(
            "speech",
            "ingest",
            json!({"corpora": TRAINING.map(|(name, ..)| name), "split": {"train": 0.8, "validation": 0.1, "test": 0.1}}),
            chance,
        ),
        step(
            "unseen",
            "ingest",
            json!({"corpora": ["tess", "crema_d"], "split": "test"}),
            chance,
        ),
        step("audio", "resample", json!({"rate_hz": 16000}), chance),
        step(
            "fbank",
            "fbank",
            json!({"bins": 40, "sample_rate_hz": 16000, "frame_length_ms": 25.0}),
            chance,
        ),
    ];
    for model in models {
        let variant = model.variant().unwrap_or_default();
        let heads: Vec<_> = model
            .attributes
            .iter()
            .map(|a| json!({"attribute": a, "mode": "grad_reverse"}))
            .collect();
        let id = format!("train[method={variant},seed={}]", model.seed.unwrap_or(0));
        steps.push(step(&id, "train", json!({"batch": 32, "epochs": 40, "learning_rate": 0.001, "heads": heads, "seed": model.seed}), chance));
    }
    for model in models {
        let id = format!("test[{}]", model.name);
        steps.push(step(&id, "evaluate", json!({"splits": ["test"]}), chance));
    }
    RunFacts {
        absent_corpora: Vec::new(),
        missing_steps: Vec::new(),
        manifest: "made_up".into(),
        manifest_text:
            "# A manifest with <markup> & \"quotes\" in it.\n[stage.speech]\nkind = \"ingest\"\n"
                .repeat(12),
        pipe_version: "0.1.0".into(),
        corpora: corpora.collect(),
        leak_checks: vec![
            LeakCheck {
                name: "speakers in both train and test".into(),
                between: "speech (train) and speech (test)".into(),
                found: Vec::new(),
            },
            LeakCheck {
                name: "identical audio".into(),
                between: "speech (train) and unseen (test)".into(),
                found: vec!["savee/DC_a01 = tess/OAF_back_angry".into()],
            },
        ],
        left_out,
        warnings: vec!["ravdess: 2 files with a damaged header were read by their size".into()],
        steps,
    }
}

fn step(id: &str, kind: &str, parameters: serde_json::Value, chance: &mut Chance) -> StepFacts {
    let mut digest = || -> String {
        (0..64)
            .map(|_| char::from_digit((chance.share() * 16.0) as u32 % 16, 16).unwrap_or('0'))
            .collect()
    };
    let (key, output) = (Some(digest()), Some(digest()));
    StepFacts {
        step: id.into(),
        kind: kind.into(),
        parameters,
        key,
        output,
        seconds: Some(if kind == "train" { 3000.0 } else { 2.0 } * (0.5 + chance.share())),
        pipe_version: Some("0.1.0".into()),
        cpu: Some("avx512f, fma".into()),
        device: None,
    }
}

/// A small report whose every name tries to be markup, and whose numbers are not numbers.
pub fn hostile() -> (Report, Study) {
    let evil =
        |number: usize| format!("</script><img src=x onerror=alert({number})>'\"&<!--{number}");
    let (mut report, _) = study();
    report.entries.truncate(6);
    report.probes.truncate(2);
    report.maps.truncate(1);
    report.title = evil(0);
    report.notes = vec![evil(1)];
    for (place, entry) in report.entries.iter_mut().enumerate() {
        entry.model.name = evil(2);
        entry.model.method = None;
        entry.model.training_corpora = [evil(3)].into();
        entry.evaluation.classes = vec![evil(4); 3];
        let metrics = entry
            .evaluation
            .corpora
            .values()
            .next()
            .cloned()
            .expect("corpora");
        entry.evaluation.corpora = [(evil(5), metrics)].into();
        for epoch in &mut entry.history {
            epoch.train.total = f64::NAN;
            epoch.train.emotion = f64::INFINITY;
            epoch.validation.ua = if place == 0 {
                f64::NAN
            } else {
                epoch.validation.ua
            };
            for head in &mut epoch.train.heads {
                head.attribute = evil(6);
            }
        }
    }
    for probe in report.probes.iter_mut().flat_map(|entry| &mut entry.probes) {
        probe.attribute = evil(7);
        probe.labels = vec![evil(8)];
        probe.remark = Some(evil(9));
        probe.ua = Some(f64::NAN);
        probe.silhouette = None;
    }
    for map in &mut report.maps {
        map.model.name = evil(10);
        map.perplexity = f64::NAN;
        map.points.truncate(50);
        for point in &mut map.points {
            point.utterance += &evil(11);
            point.corpus = evil(12);
            point.speaker = evil(13);
        }
        map.points[0].x = f32::NAN;
    }
    if let Some(facts) = &mut report.facts {
        facts.manifest = evil(14);
        facts.manifest_text = evil(15);
        facts.pipe_version = evil(16);
        facts.warnings = vec![evil(17)];
        facts.corpora.truncate(1);
        facts.corpora[0].name = evil(18);
        facts.corpora[0].source = format!(
            "https://example.org/\"onclick=\"alert(1)/{}",
            evil(19).replace(' ', "")
        );
        facts.leak_checks[0].name = evil(20);
        facts.leak_checks[1].found = vec![evil(21)];
        facts.left_out.truncate(3);
        facts.left_out[0].reason = evil(22);
        facts.left_out[1].item = evil(23);
        facts.steps.truncate(5);
        facts.steps[0].step = evil(24);
        facts.steps[1].kind = evil(25);
        facts.steps[2].parameters = json!({evil(26): evil(27)});
        facts.steps[3].cpu = Some(evil(28));
        facts.steps[3].seconds = Some(f64::NAN);
        facts.steps[3].key = None;
    }
    let study = Study::of(&report);
    (report, study)
}
