//! Recordings in any format: through a corpus, a prediction, an audit; what cannot be read is reported with what to do.

use std::path::PathBuf;

use pipe_speech::audio::{WavEncoding, Waveform, read, write_wav_as};
use serde_json::Value as Json;

use super::predicting::{MODEL, trained};
use super::workspace::Workspace;

/// A recording of the decoders' tests.
fn golden(file: &str) -> PathBuf {
    let folder = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/crates/speech/tests/golden/audio"
    );
    PathBuf::from(folder).join(file)
}

/// A corpus whose table has a row for each recording, some of which are parts of one.
fn corpus(rows: &[(&str, &str)], files: &[(&str, &str)]) -> Workspace {
    let space = Workspace::with_corpus(4);
    let mut table = String::from("path,speaker,gender,emotion,start,end\n");
    for (index, (path, segment)) in rows.iter().enumerate() {
        let emotion = ["happy", "neutral", "sad"][index % 3];
        table.push_str(&format!(
            "{path},s{},female,{emotion},{segment}\n",
            index % 4
        ));
    }
    space.write("corpora/made/table.csv", table);
    for (name, file) in files {
        let bytes = std::fs::read(golden(file)).unwrap();
        space.write(&format!("corpora/made/{name}"), bytes);
    }
    space.write("pipe.toml", MANIFEST);
    space
}

const MANIFEST: &str = r#"
[stage.speech]
kind = "ingest"
corpora = "made"
split = "test"
max_bad = 1.0
[stage.audio]
kind = "resample"
input = "speech"
[stage.kept]
kind = "command"
inputs = { items = "audio" }
run = "cp -r {items}/. {out}/"
outputs = ["items.tsv"]
"#;

/// Ids of the items that reached the end, and how many samples each has.
fn lengths(space: &Workspace) -> Vec<(String, usize)> {
    let folder = space.join("runs/pipe/kept");
    let table = std::fs::read_to_string(folder.join("items.tsv")).unwrap();
    let mut lines = table.lines();
    let header: Vec<&str> = lines.next().unwrap().split('\t').collect();
    let column = |name: &str| header.iter().position(|column| *column == name).unwrap();
    let (id, file) = (column("id"), column("file"));
    let mut found: Vec<(String, usize)> = lines
        .map(|line| {
            let cells: Vec<&str> = line.split('\t').collect();
            let bytes = std::fs::read(folder.join(cells[file])).unwrap();
            let header = u64::from_le_bytes(*bytes.first_chunk().unwrap()) as usize;
            (cells[id].to_owned(), (bytes.len() - 8 - header) / 4)
        })
        .collect();
    found.sort();
    found
}

#[test]
fn a_corpus_may_have_recordings_in_any_format_and_parts_of_them() {
    let files = [
        ("a.flac", "mono16.flac"),
        ("b.mp3", "mono.mp3"),
        ("c.ogg", "mono.ogg"),
        ("d.m4a", "mono.m4a"),
        ("e.w64", "ms.w64"),
        // Its name says something else.
        ("f.wav", "alac.m4a"),
        ("g.wav", "ima_mono.riff"),
    ];
    let mut rows: Vec<(&str, &str)> = files.iter().map(|(name, _)| (*name, ",")).collect();
    rows.extend([
        ("a.flac", "0.1,0.2"),
        ("b.mp3", "0.5,0.75"),
        ("c.ogg", "1.5,2.0"),
    ]);
    let space = corpus(&rows, &files);
    let run = space.run_well("pipe.toml");
    assert_eq!(run.warnings(), [""; 0]);
    let found = lengths(&space);
    let lengths: Vec<usize> = found.iter().map(|(_, samples)| *samples).collect();
    assert_eq!(
        lengths,
        [
            4_800, 1_600, 14_400, 4_000, 35_200, 8_000, 16_480, 8_096, 8_000, 10_205
        ],
        "{found:?}"
    );
    // All is there the second time.
    assert_eq!(space.run_well("pipe.toml").items().0, 0);
}

#[test]
fn what_cannot_be_read_is_a_bad_item_with_its_reason() {
    let files = [("a.flac", "mono16.flac"), ("b.ogg", "refused.opus")];
    let rows = [("a.flac", ","), ("b.ogg", ","), ("c.mp3", ",")];
    let space = corpus(&rows, &files);
    let whole = std::fs::read(golden("mono.mp3")).unwrap();
    space.write("corpora/made/c.mp3", &whole[..whole.len() / 2]);
    let run = space.run_well("pipe.toml");
    let told = run.stderr.clone() + &format!("{:?}", run.events);
    assert!(told.contains("Ogg with Opus"), "{told}");
    assert!(told.contains("is cut short"), "{told}");
    assert_eq!(lengths(&space).len(), 1);
}

#[test]
fn a_folder_of_all_formats_is_predicted_and_flac_as_its_samples_in_wav() {
    let space = trained();
    for file in [
        "mono16.flac",
        "stereo.mp3",
        "mono.ogg",
        "mono.m4a",
        "mono.aac",
        "pcm16.w64",
    ] {
        let bytes = std::fs::read(golden(file)).unwrap();
        space.write(&format!("mixed/{file}"), bytes);
    }
    let Waveform { samples, rate_hz } = read(&golden("mono16.flac"), None, None).unwrap();
    let wave = Waveform { samples, rate_hz };
    write_wav_as(&space.join("mixed/mono16.wav"), &wave, WavEncoding::Pcm16).unwrap();
    let told = space.stdout(&["predict", MODEL, "mixed", "--format", "json"]);
    let rows: Vec<Json> = told
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(rows.len(), 7, "{told}");
    let of = |name: &str| {
        let row = rows.iter().find(|row| row["file"] == name);
        row.unwrap_or_else(|| panic!("{name}: {told}"))["probabilities"].clone()
    };
    assert_eq!(of("mixed/mono16.flac"), of("mixed/mono16.wav"));
    let bytes = std::fs::read(golden("mono16.flac")).unwrap();
    let mut child = space
        .command(&["predict", MODEL, "-", "--format", "json"])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), &bytes).unwrap();
    let piped = child.wait_with_output().unwrap().stdout;
    let piped: Json = serde_json::from_slice(&piped).unwrap();
    assert_eq!(piped["probabilities"], of("mixed/mono16.flac"));
}

#[test]
fn a_folder_of_lossy_recordings_is_drafted_as_a_corpus_and_audited() {
    let space = Workspace::new();
    for (index, class) in ["angry", "happy", "sad"].iter().enumerate() {
        for (take, file) in ["mono16.flac", "mono.mp3", "mono.ogg", "mono.m4a"]
            .iter()
            .enumerate()
        {
            let ending = file.rsplit_once('.').unwrap().1;
            let bytes = std::fs::read(golden(file)).unwrap();
            space.write(&format!("calls/{class}/s{index}_{take}.{ending}"), bytes);
        }
    }
    space.stdout(&["corpora", "add", "calls", "--write"]);
    let output = space.pipe(&["audit", "calls", "--json"]);
    let told = String::from_utf8(output.stdout).unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(told.contains("audit_finished"), "{told}{stderr}");
    // The same recordings in each class.
    assert!(told.contains("audit::repeated_audio"), "{told}");
    assert!(!told.contains("unreadable_recording"), "{told}");
}
