//! What a made-up run tells of its corpora, checks and steps.

use pipe_report::{
    CorpusFacts, LeakCheck, LeftOut, ModelIdentity, ProjectFile, Reproduction, RunFacts,
    SplitFacts, StepFacts,
};
use serde_json::json;

use super::chance::Chance;
use super::corpora::{CLASSES, SHARES, TRAINING, UNSEEN};

pub fn facts(chance: &mut Chance, models: &[ModelIdentity]) -> RunFacts {
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
                    utterances: 0,
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
        partitions: Vec::new(),
        absent_corpora: Vec::new(),
        missing_steps: Vec::new(),
        manifest: "made_up".into(),
        reproduction: Some(Reproduction {
            command: "pipe run made_up.toml --locked".into(),
            files: vec![
                ProjectFile {
                    name: "made_up.toml".into(),
                    text: Some(
                        "# A manifest with <markup> & \"quotes\" in it.\n[stage.speech]\nkind = \"ingest\"\n"
                            .repeat(12),
                    ),
                    digest: "3f".repeat(32),
                },
                ProjectFile {
                    name: "splits/large.tsv".into(),
                    text: None,
                    digest: "a0".repeat(32),
                },
            ],
            incomplete: None,
        }),
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
