//! JSON documents of the cache: what is damaged is found, taken out, and not found again.
//!
//! The first byte says which document: `s` the record of a step, `r` of a run, `o` the owner of a name, `p` a pin, `f` a
//! folder of published results. In capitals, the input is the file itself, and no digest is put on it.

#![no_main]

use std::collections::HashSet;
use std::path::Path;

use libfuzzer_sys::fuzz_target;
use pipe_engine::cache::{
    Cache, PruneOptions, PublishedFolder, StepRecord, VerifyOptions, prune, usage, verify,
};
use pipe_foundation::Digest;
use pipe_foundation::system::RealSystem;
use pipe_fuzz::{document, empty};

/// Ends the record of a run that is in progress; a line for each step that has begun follows.
const END_OF_RECORD: &[u8] = b"\n}\n";

fuzz_target!(|bytes: &[u8]| {
    let Some((kind, bytes)) = bytes.split_first() else {
        return;
    };
    let mut file = match kind {
        b'r' => run(bytes),
        kind if kind.is_ascii_lowercase() => document(bytes),
        _ => bytes.to_vec(),
    };
    let name = match kind.to_ascii_lowercase() {
        b's' => {
            let record = serde_json::from_slice::<StepRecord>(bytes);
            let key = record.map(|record| record.fingerprint.key());
            format!("steps/{}.json", key.unwrap_or(Digest([0; 32])))
        }
        b'r' => "runs/made/000001.json".into(),
        b'o' => "manifests/made.json".into(),
        b'p' => "pins/made:1.json".into(),
        b'f' => {
            let record = serde_json::from_slice::<PublishedFolder>(bytes);
            let names = record.map(|record| format!("{}\0{}", record.folder, record.manifest));
            let name = names.map(|names| Digest::of(names.as_bytes()));
            format!("published/{}.json", name.unwrap_or(Digest([0; 32])))
        }
        _ => return,
    };
    let root = empty("cache");
    put(&root.join("VERSION"), b"pipe cache 1\n");
    put(&root.join(name), &file);
    file.clear();
    check(&root);
});

/// The file of a run: lines that begin with `begun` get the digest of what follows.
fn run(bytes: &[u8]) -> Vec<u8> {
    let end = bytes
        .windows(END_OF_RECORD.len())
        .position(|window| window == END_OF_RECORD);
    let (record, lines) = bytes.split_at(end.map_or(bytes.len(), |end| end + 2));
    let mut file = document(record);
    for line in lines.split(|byte| *byte == b'\n') {
        match line.strip_prefix(b"begun ") {
            Some(json) => {
                file.extend(format!("begun {} ", Digest::of(json)).bytes());
                file.extend(json);
            }
            None => file.extend(line),
        }
        file.push(b'\n');
    }
    file
}

fn put(path: &Path, bytes: &[u8]) {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).expect("TMPDIR can be written");
    }
    std::fs::write(path, bytes).expect("TMPDIR can be written");
}

/// Reads all of the cache at `root` in every way there is, and repairs it.
fn check(root: &Path) {
    let cache = Cache::open(root, false).expect("its version is right");
    for path in cache.records.paths().expect("it can be read") {
        if let Some(record) = cache.records.read(&path).expect("it can be read").whole() {
            let written = serde_json::to_string(&record).expect("a record");
            let again: StepRecord = serde_json::from_str(&written).expect("it was written");
            assert_eq!(format!("{again:?}"), format!("{record:?}"));
            let _ = cache
                .finished(&record.fingerprint.key())
                .expect("it can be read");
        }
    }
    for run in cache.runs.all("made").expect("it can be read") {
        let _ = (run.to_string(), run.record.on_device());
        assert!(!cache.runs.is_going_on(&run).expect("it can be read"));
    }
    let mut history = cache.runs.history("made").expect("it can be read");
    let _ = history
        .find("speech", |_, _| Ok(None::<()>))
        .expect("it can be read");
    let _ = cache.owner("made").expect("it can be read");
    let _ = usage(&RealSystem, root).expect("it can be read");
    let options = PruneOptions {
        keep_runs: Some(1),
        locked: &HashSet::new(),
        older_than_days: 0,
        dry_run: true,
        checkpoints: &|_| Vec::new(),
    };
    // A damaged pin is an error: nobody knows what is to stay.
    let _ = prune(&cache, &options);
    let found = verify(&cache, verification(true)).expect("it can be repaired");
    assert!(found.unreadable.is_empty());
    let again = verify(&cache, verification(false)).expect("it can be read");
    assert!(again.is_whole(), "{again:?} after {found:?}");
}

fn verification(repair: bool) -> VerifyOptions<'static> {
    VerifyOptions {
        repair,
        is_checkpoint_whole: &|_, _| true,
    }
}
