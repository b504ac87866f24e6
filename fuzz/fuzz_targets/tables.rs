//! Tables. The first byte says which: `c`, `t` and `j` for a corpus in CSV, TSV and JSON lines, `s` for a split, `p` for
//! predictions.

#![no_main]

use std::path::Path;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use pipe_fuzz::{FILE_BYTES, check_listing, folder, write};
use pipe_report::eval::{read_predictions, write_predictions};
use pipe_speech::corpus::split::SplitTable;
use pipe_speech::corpus::{CorpusConfig, KeptColumns, ListOptions, Look, list_with};

static CONFIG: LazyLock<CorpusConfig> = LazyLock::new(|| {
    let config = r#"
        root = "corpus"
        reader = "table"
        title = "Title"
        language = "en"
        licence = "none"
        source = "nowhere"
        labels = { positive = ["happy"], neutral = ["neutral"], negative = ["sad"], dropped = ["other"] }
        options = { audio_folder = "audio", audio_extension = "wav" }
    "#;
    toml::from_str(config).expect("a configuration")
});

fuzz_target!(|bytes: &[u8]| {
    let Some((kind, bytes)) = bytes.split_first() else {
        return;
    };
    match kind {
        b'c' => corpus("corpus.csv", bytes),
        b't' => corpus("corpus.tsv", bytes),
        b'j' => corpus("corpus.jsonl", bytes),
        b's' => split(bytes),
        b'p' => predictions(bytes),
        _ => {}
    }
});

fn corpus(name: &str, bytes: &[u8]) {
    write(&format!("corpus/{name}"), bytes);
    let mut config = CONFIG.clone();
    config.options.insert("table".into(), name.into());
    let look_at = |_: &Path| Look::File(None);
    let options = ListOptions {
        columns: KeptColumns::All,
        ..ListOptions::default()
    };
    match list_with("made", &config, folder(), &options, &look_at, FILE_BYTES) {
        Ok(listing) => {
            check_listing("made", &listing);
            let lines = bytes.split(|byte| matches!(byte, b'\n' | b'\r')).count();
            assert!(listing.entries.len() + listing.dropped.len() <= lines);
        }
        Err(error) => drop(error.to_string()),
    }
}

fn split(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let Ok(table) = SplitTable::parse(&text) else {
        return;
    };
    // Hours are written with six digits, so the second time says what the first did.
    let written = table.to_text();
    let again = SplitTable::parse(&written).expect("it was written");
    assert_eq!(again.to_text(), written);
    let splits = |table: &SplitTable| {
        let rows = table.rows.iter();
        let rows = rows.map(|(speaker, row)| (speaker.clone(), row.split, row.utterances));
        rows.collect::<Vec<_>>()
    };
    assert_eq!(splits(&again), splits(&table));
}

fn predictions(bytes: &[u8]) {
    let path = write("predictions.csv", bytes);
    let Ok(predictions) = read_predictions(&path) else {
        return;
    };
    write_predictions(&path, &predictions.classes, &predictions.rows).expect("TMPDIR can be written");
    let again = read_predictions(&path).expect("it was written");
    assert_eq!(format!("{again:?}"), format!("{predictions:?}"));
}
