//! Real recordings, where they are; counts of whatever part of a corpus is present.

use pipe_foundation::test_support::{corpora_folder, skipped};

use super::*;

#[test]
fn real_corpora_are_listed_without_unexplained_files() {
    let Some(folder) = corpora_folder() else {
        return;
    };
    for (name, config) in shipped().corpora {
        if !READERS.iter().any(|reader| reader.name == config.reader) {
            continue;
        }
        if !folder.join(&config.root).is_dir() {
            skipped(format_args!("no {name} in {}", folder.display()));
            continue;
        }
        let start = std::time::Instant::now();
        let listing = list(&name, &config, &folder, &ListOptions::default(), FILE_BYTES).unwrap();
        let ms = start.elapsed().as_secs_f64() * 1e3;
        let check = crate::corpus::check(&name, &config, &listing, None);
        eprintln!("{name}: {ms:.1} ms, {check:?}\n  {:?}", listing.warnings);
        assert!(!listing.entries.is_empty(), "{name}");
        assert_eq!(
            listing.bad().collect::<Vec<_>>(),
            Vec::<&crate::corpus::Dropped>::new()
        );
        assert!(
            listing
                .entries
                .iter()
                .all(|e| e.utterance.gender.is_some() || name == "epst")
        );
        for count in [check.utterances, check.speakers] {
            let most = count.official.unwrap_or(count.found);
            assert!(count.found <= most, "{name}: {count:?}");
        }
    }
}
