//! A corpus of 100,000 files: memory is bounded, and each file costs so many system calls and no more.

use std::fs;

use pipe_foundation::test_support::skipped;

use super::bounded::told;
use super::workspace::Workspace;

/// A folder of corpora with so many recordings; they are links to a few files, which no reader sees.
fn space(recordings: usize) -> Workspace {
    /// A file system may not take more names for one file.
    const NAMES: usize = 10_000;
    let space = Workspace::new();
    space.write(
        "corpora.toml",
        "[corpus.made]\nroot = \"made\"\nreader = \"folders\"\ntitle = \"\"\nlanguage = \"en\"\nlicence = \"\"\nsource = \"\"\n\
         labels = { positive = [\"happy\"], negative = [\"sad\"] }\noptions = { pattern = \"{emotion}/{speaker}_*\" }\n",
    );
    space.write(
        "m.toml",
        "[stage.s]\nkind = \"ingest\"\ncorpora = \"made\"\nsplit = \"train\"\n",
    );
    for emotion in ["happy", "sad"] {
        fs::create_dir_all(space.join("corpora/made").join(emotion)).unwrap();
    }
    for number in 0..recordings {
        let emotion = ["happy", "sad"][number % 2];
        let file = format!("files/{}.wav", number / NAMES);
        if number % NAMES == 0 {
            space.tone(&file, 8000, 0.05, 200.0 + number as f64 / 100.0);
        }
        let name = format!("corpora/made/{emotion}/s{:02}_{number:06}.wav", number % 50);
        fs::hard_link(space.join(&file), space.join(&name)).unwrap();
    }
    space
}

#[test]
fn a_hundred_thousand_files_take_bounded_memory() {
    let space = space(100_000);
    let plan = told(&space, &["plan", "m.toml"]);
    assert!(plan.contains("100000 items to compute"), "{plan}");
}

/// System calls that a plan makes about files; none where they cannot be counted.
fn calls(recordings: usize) -> Option<f64> {
    let space = space(recordings);
    let script = "exec strace -f -qq -c -o calls -e trace=%file,%desc \"$0\" plan m.toml";
    let output = space.script(script, &[]).output().unwrap();
    if !output.status.success() {
        return None;
    }
    let counted = space.read("calls");
    let total = counted.lines().last()?.split_whitespace().nth(3)?;
    total.parse().ok()
}

#[test]
fn four_times_the_files_take_four_times_the_system_calls() {
    let (few, many) = (500, 2000);
    let (Some(by_few), Some(by_many)) = (calls(few), calls(many)) else {
        return skipped("strace is not there, or may not trace");
    };
    let each = (by_many - by_few) / (many - few) as f64;
    assert!(each < 40.0, "{each} system calls for each file");
    assert!(by_many / by_few < 4.4, "{by_few} and {by_many}");
}
