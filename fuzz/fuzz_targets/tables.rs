//! Tables. The first byte says which: `c`, `t` and `j` for a corpus in CSV, TSV and JSON, `a` for the header of a database in
//! audformat, `k` for the files of a Kaldi folder, each ended by a zero, `f` for the pattern of a corpus in folders, `s` for a
//! split, `p` for predictions.

#![no_main]

use std::path::Path;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use pipe_fuzz::{FILE_BYTES, check_listing, folder, write};
use pipe_report::eval::{read_predictions, write_predictions};
use pipe_speech::corpus::split::SplitTable;
use pipe_speech::corpus::{CorpusConfig, KeptColumns, ListOptions, Listing, Look, list_with};

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
        b'a' => audformat(bytes),
        b'k' => kaldi(bytes),
        b'f' => folders(bytes),
        b's' => split(bytes),
        b'p' => predictions(bytes),
        _ => {}
    }
});

fn corpus(name: &str, bytes: &[u8]) {
    write(&format!("corpus/{name}"), bytes);
    let mut config = CONFIG.clone();
    config.options.insert("table".into(), name.into());
    let Some(listing) = listed(&config) else {
        return;
    };
    // Objects of JSON need no lines.
    let ends =
        |byte: &u8| matches!(byte, b'\n' | b'\r') || (name.ends_with("jsonl") && *byte == b'}');
    let lines = bytes.split(ends).count();
    assert!(listing.entries.len() + listing.dropped.len() <= lines);
}

/// The listing of a corpus whose every file is there.
fn listed(config: &CorpusConfig) -> Option<Listing> {
    let look_at = |_: &Path| Look::File(None);
    let options = ListOptions {
        columns: KeptColumns::All,
        ..ListOptions::default()
    };
    match list_with("made", config, folder(), &options, &look_at, FILE_BYTES) {
        Ok(listing) => {
            check_listing("made", &listing);
            Some(listing)
        }
        Err(error) => {
            drop(error.to_string());
            None
        }
    }
}

/// The corpus in `root`, with a reader of its own and no options.
fn other(root: &str, reader: &str) -> CorpusConfig {
    CorpusConfig {
        root: root.into(),
        reader: reader.into(),
        options: Default::default(),
        ..CONFIG.clone()
    }
}

fn audformat(bytes: &[u8]) {
    write(
        "database/db.emotion.csv",
        b"file,start,end,emotion,speaker\na.wav,0 days,NaT,happy,s1\n",
    );
    write(
        "database/db.files.csv",
        b"file,speaker,gender\na.wav,s1,female\n",
    );
    write("database/db.speaker.csv", b"speaker,gender\ns1,female\n");
    write("database/db.yaml", bytes);
    listed(&other("database", "audformat"));
}

fn kaldi(bytes: &[u8]) {
    let mut files = bytes.split(|byte| *byte == 0);
    for name in [
        "wav.scp",
        "segments",
        "utt2spk",
        "utt2emo",
        "spk2gender",
        "text",
    ] {
        write(&format!("kaldi/{name}"), files.next().unwrap_or_default());
    }
    listed(&other("kaldi", "kaldi"));
}

fn folders(bytes: &[u8]) {
    for file in ["happy/s1_1.wav", "train/sad/s2_1.wav", "s3.wav"] {
        write(&format!("folders/{file}"), b"RIFF");
    }
    let pattern = String::from_utf8_lossy(bytes);
    let mut config = other("folders", "folders");
    config.options.insert("pattern".into(), pattern.into());
    let listing = listed(&config);
    assert!(listing.is_none_or(|listing| listing.entries.len() <= 3));
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
    let written = write_predictions(&path, &predictions.classes, &predictions.rows);
    written.expect("TMPDIR can be written");
    let again = read_predictions(&path).expect("it was written");
    assert_eq!(format!("{again:?}"), format!("{predictions:?}"));
}
