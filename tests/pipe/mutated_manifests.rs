//! The shipped manifests with mistakes in them, drawn from one seed: none is a panic, and every error points into a file.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use miette::Diagnostic as _;
use pipe_engine::manifest::ReadOptions;
use pipe_foundation::random::{stream, uniform};
use pipe_nn::model::Devices;
use pipe_speech::corpus::Corpora;
use pipe_stages::domain::{PlanOptions, SpeechPlan};

/// Manifests that are read in each run of the tests.
const MUTATED: usize = 3000;

/// What a mistake puts in the place of something else.
const FRAGMENTS: [&str; 24] = [
    "",
    "0",
    "-1",
    "1e309",
    "nan",
    "99999999999999999999",
    "\"\"",
    "[]",
    "{}",
    "[[]]",
    "true",
    "\"x",
    "=",
    ".",
    "[stage.",
    "]\n",
    "${",
    "${matrix.fold}",
    "include = \"base.toml\"\n",
    "\u{0}",
    "\u{202e}",
    "ä",
    "'''",
    "\n",
];

fn pipelines(folder: &Path) -> Vec<PathBuf> {
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("pipelines");
    let mut manifests = Vec::new();
    for entry in walkdir::WalkDir::new(&shipped).sort_by_file_name() {
        let entry = entry.unwrap();
        let to = folder
            .join("pipelines")
            .join(entry.path().strip_prefix(&shipped).unwrap());
        match entry.file_type().is_dir() {
            true => std::fs::create_dir_all(&to).unwrap(),
            false => {
                std::fs::copy(entry.path(), &to).unwrap();
                if to.extension().is_some_and(|extension| extension == "toml") {
                    manifests.push(to);
                }
            }
        }
    }
    manifests
}

/// `text` with one to three mistakes, which `number` decides.
fn mutated(text: &str, number: usize) -> String {
    let mut random = stream("mutated manifests", &[&number.to_le_bytes()]);
    let mut text = text.to_owned();
    let mut below = |most: usize| (uniform(&mut random) * most.max(1) as f64) as usize;
    for _ in 0..=below(3) {
        let lines: Vec<&str> = text.split_inclusive('\n').collect();
        let place = |at: usize| {
            (at..=text.len())
                .find(|at| text.is_char_boundary(*at))
                .unwrap()
        };
        let (from, length) = (place(below(text.len() + 1)), below(12));
        let to = place((from + length).min(text.len()));
        let fragment = FRAGMENTS[below(FRAGMENTS.len())];
        text = match below(5) {
            0 => format!("{}{}", &text[..from], &text[to..]),
            1 => format!("{}{fragment}{}", &text[..from], &text[to..]),
            2 => format!("{}{fragment}{}", &text[..from], &text[from..]),
            3 => {
                let moved = below(lines.len());
                let (before, after) = lines.split_at(below(lines.len() + 1));
                [before, &[lines[moved]], after].concat().concat()
            }
            _ => {
                let gone = below(lines.len());
                let kept = lines.iter().enumerate().filter(|(line, _)| *line != gone);
                kept.map(|(_, line)| *line).collect()
            }
        };
    }
    text
}

#[test]
fn mistakes_in_shipped_manifests_are_errors_that_point_into_a_file() {
    let next = AtomicUsize::new(0);
    let failed = AtomicUsize::new(0);
    let work = || {
        let space = tempfile::tempdir().unwrap();
        let manifests = pipelines(space.path());
        let corpora = Corpora::parse(include_str!("../../corpora.toml")).unwrap();
        let texts: Vec<String> = manifests
            .iter()
            .map(|path| std::fs::read_to_string(path).unwrap())
            .collect();
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= MUTATED {
                break;
            }
            let which = number % manifests.len();
            let text = mutated(&texts[which], number);
            std::fs::write(&manifests[which], &text).unwrap();
            let options = PlanOptions {
                read: ReadOptions {
                    confined_to: Some(space.path()),
                    ..ReadOptions::default()
                },
                present_only: false,
                devices: Devices::default(),
                sandbox: false,
                corpora: &|_| Ok(corpora.clone()),
            };
            if let Err(problems) = SpeechPlan::read(&manifests[which], &options) {
                failed.fetch_add(1, Ordering::Relaxed);
                for problem in problems.shown() {
                    let labels = problem.labels().into_iter().flatten();
                    let source = problem.source_code();
                    let points = labels.filter(|label| {
                        source.is_some_and(|source| source.read_span(label.inner(), 0, 0).is_ok())
                    });
                    assert!(points.count() > 0, "number {number}: {problem:?}\n{text}");
                }
            }
            std::fs::write(&manifests[which], &texts[which]).unwrap();
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(work);
        }
    });
    assert!(failed.load(Ordering::Relaxed) > MUTATED / 2);
}
