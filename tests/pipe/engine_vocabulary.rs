//! The engine knows nothing of speech, networks, devices by name or reports: its code has no words of them.

use std::fs;
use std::path::Path;

/// Words of the domain, also as parts of longer ones.
const WORDS: [&str; 14] = [
    "audio",
    "corpora",
    "corpus",
    "cuda",
    "emotion",
    "fbank",
    "markdown",
    "network",
    "nvidia",
    "recording",
    "speaker",
    "speech",
    "training",
    "utterance",
];

/// The code of a file without its comments and unit tests.
fn code_of(text: &str) -> impl Iterator<Item = &str> {
    let lines = text.lines().take_while(|line| *line != "#[cfg(test)]");
    lines.map(|line| line.split_once("//").map_or(line, |(code, _)| code))
}

fn words_in(text: &str) -> Vec<&'static str> {
    let code = code_of(text).collect::<Vec<_>>().join("\n").to_lowercase();
    WORDS
        .into_iter()
        .filter(|word| code.contains(word))
        .collect()
}

#[test]
fn the_engine_has_no_words_of_its_domains() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("crates/engine/src");
    let mut files = 0;
    for entry in walkdir::WalkDir::new(&folder) {
        let entry = entry.unwrap();
        let name = entry.file_name().to_str().unwrap();
        let is_test = name.ends_with("tests.rs") || name == "toy_domain.rs";
        let in_tests = entry.path().iter().any(|part| part == "tests");
        if !name.ends_with(".rs") || is_test || in_tests {
            continue;
        }
        files += 1;
        let found = words_in(&fs::read_to_string(entry.path()).unwrap());
        assert!(found.is_empty(), "{}: {found:?}", entry.path().display());
    }
    assert!(files > 100, "{files}");
}

#[test]
fn a_word_of_a_domain_is_found_in_code_alone() {
    let text = "// Such as an utterance.\nlet device = \"CUDA:0\";\n#[cfg(test)]\nmod tests { fn corpus() {} }\n";
    assert_eq!(words_in(text), ["cuda"]);
}
