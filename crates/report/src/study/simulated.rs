//! Made-up studies for tests: models of known skill on made-up speakers.

use std::collections::{BTreeMap, BTreeSet};

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::eval::{Confusion, Evaluation, Metrics};
use crate::{Attribute, Method, ModelIdentity, Report, ReportEntry};

/// A corpus: name, speakers, utterances of each class per speaker.
pub type SimulatedCorpus = (&'static str, usize, [u64; 3]);

/// The paper's corpora as a test sees them, nearly.
pub const PAPER: [SimulatedCorpus; 8] = [
    ("tess", 2, [400, 200, 800]),
    ("crema_d", 91, [14, 12, 56]),
    ("emovo", 1, [14, 14, 42]),
    ("emo_db", 1, [7, 8, 30]),
    ("iemocap", 1, [160, 170, 280]),
    ("epst", 1, [60, 10, 120]),
    ("ravdess", 3, [16, 12, 32]),
    ("savee", 1, [15, 30, 60]),
];

/// All methods and attribute combinations with a baseline first.
pub fn variants() -> Vec<(Method, BTreeSet<Attribute>)> {
    let all = [
        Attribute::Corpus,
        Attribute::Speaker,
        Attribute::Gender,
        Attribute::Language,
    ];
    let mut variants = vec![(Method::Baseline, BTreeSet::new())];
    for method in [Method::Mtl, Method::Gr, Method::Ad] {
        for chosen in 1..16 {
            let attributes = all
                .iter()
                .enumerate()
                .filter(|(bit, _)| chosen >> bit & 1 == 1);
            variants.push((
                method,
                attributes.map(|(_, attribute)| attribute.clone()).collect(),
            ));
        }
    }
    variants
}

/// One model: `skill` is its mean recall on every corpus; speakers differ, the same ones for every model.
pub fn model(
    name: &str,
    method: Method,
    attributes: &BTreeSet<Attribute>,
    seed: u64,
    skill: f64,
    corpora: &[SimulatedCorpus],
) -> ReportEntry {
    let mut own = ChaCha8Rng::seed_from_u64(
        seed ^ (u64::from(name.len() as u32) << 8) ^ (skill * 1e9) as u64,
    );
    let collapsed = skill <= 0.0;
    let mut speakers = BTreeMap::new();
    let mut metrics = BTreeMap::new();
    let mut overall = Confusion::new(3);
    for (place, &(corpus, count, shares)) in corpora.iter().enumerate() {
        let mut common = ChaCha8Rng::seed_from_u64(place as u64);
        let mut sum = Confusion::new(3);
        let mut matrices = BTreeMap::new();
        for speaker in 0..count {
            let ease = common.gen_range(-0.2..0.2);
            let rows: Vec<Vec<u64>> = (0..3)
                .map(|class| {
                    let recall: f64 = skill + ease + own.gen_range(-0.08..0.08);
                    let asked = shares[class];
                    let right = match collapsed {
                        true => asked * u64::from(class == 2),
                        false => (asked as f64 * recall.clamp(0.0, 1.0)).round() as u64,
                    };
                    let wrong = asked - right;
                    let mut row = vec![wrong / 2; 3];
                    row[class] = right;
                    row[(class + 1) % 3] = wrong - wrong / 2;
                    if collapsed {
                        row = vec![0, 0, asked];
                    }
                    row
                })
                .collect();
            let confusion = Confusion::from_rows(&rows).expect("square");
            sum.merge(&confusion).expect("three classes");
            matrices.insert(format!("{corpus}/{speaker:02}"), confusion);
        }
        overall.merge(&sum).expect("three classes");
        speakers.insert(corpus.to_string(), matrices);
        metrics.insert(corpus.to_string(), Metrics::of(sum));
    }
    ReportEntry {
        model: ModelIdentity {
            name: format!("{name}, seed {seed}"),
            method: Some(method),
            attributes: attributes.clone(),
            seed: Some(seed),
            training_corpora: corpora
                .iter()
                .skip(2)
                .map(|(name, ..)| name.to_string())
                .collect(),
        },
        evaluation: Evaluation {
            classes: ["positive", "neutral", "negative"].map(String::from).into(),
            corpora: metrics,
            speakers,
            overall: Metrics::of(overall),
            targets: BTreeMap::new(),
            labels: BTreeMap::new(),
        },
        leaks: Vec::new(),
        partitions: Vec::new(),
        epochs: 40,
        final_alpha: None,
        history: Vec::new(),
        axes: Vec::new(),
        folds: Vec::new(),
    }
}

/// All 46 variants with some seeds; the second AD variant collapses, the third with its first seed.
pub fn whole(seeds: u64) -> Report {
    let mut random = ChaCha8Rng::seed_from_u64(46);
    let mut entries = Vec::new();
    for (place, (method, attributes)) in variants().into_iter().enumerate() {
        let centre =
            0.5 + match method {
                Method::Baseline => 0.0,
                Method::Gr => 0.04,
                Method::Mtl => 0.0,
                Method::Ad => -0.05,
            } + random.gen_range(-0.02..0.02);
        for seed in 1..=seeds {
            let skill = match (place, seed) {
                (32, _) | (33, 1) => 0.0,
                _ => centre + random.gen_range(-0.015..0.015),
            };
            let letters: Vec<String> = attributes
                .iter()
                .map(|attribute| attribute.short().to_owned())
                .collect();
            let name = format!("{} {}", method.name(), letters.join("+"));
            entries.push(model(name.trim(), method, &attributes, seed, skill, &PAPER));
        }
    }
    Report {
        title: "The study with made-up models".into(),
        entries,
        ..Report::default()
    }
}
