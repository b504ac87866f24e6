//! Tables of corpora as spreadsheets, pandas and other tools export them.

use super::workspace::Workspace;

const UTTERANCES: usize = 12;

/// A corpus of [`UTTERANCES`] recordings of 0.3 s whose table is called `table`; and the cells of that.
fn corpus(table: &str) -> (Workspace, Vec<[String; 4]>) {
    let space = Workspace::with_corpus(UTTERANCES);
    space.edit("corpora.toml", "table.csv", table);
    let rows = (0..UTTERANCES).map(|index| {
        let emotion = ["happy", "neutral", "sad"][index % 3];
        let gender = ["female", "male"][index % 2];
        let path = format!("audio/{index:04}.wav");
        [
            path,
            format!("s{}", index % 4),
            gender.into(),
            emotion.into(),
        ]
    });
    (space, rows.collect())
}

fn text(rows: &[[String; 4]], separator: &str, line_end: &str) -> String {
    let header = ["path", "speaker", "gender", "emotion"].join(separator) + line_end;
    let lines = rows.iter().map(|row| row.join(separator) + line_end);
    header + &lines.collect::<String>()
}

fn utf_16(text: &str) -> Vec<u8> {
    let marked = format!("\u{feff}{text}");
    marked.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

#[test]
fn tables_are_read_as_programs_export_them() {
    let (_, rows) = corpus("table.csv");
    let json: Vec<String> = rows
        .iter()
        .map(|[path, speaker, gender, emotion]| {
            format!(
                "  {{\n    \"path\": \"{path}\", \"speaker\": \"{speaker}\",\n    \"gender\": \"{gender}\", \"emotion\": \"{emotion}\"\n  }}"
            )
        })
        .collect();
    let one_with_commas = text(&rows, ";", "\n").replacen("emotion", "emotion;valence, 1-5", 1);
    let one_with_commas: Vec<String> = one_with_commas
        .lines()
        .enumerate()
        .map(|(index, line)| line.to_string() + if index == 0 { "" } else { ";3" } + "\n")
        .collect();
    let tables: [(&str, &str, Vec<u8>); 10] = [
        (
            "mark and CRLF",
            "t.csv",
            ("\u{feff}".to_string() + &text(&rows, ",", "\r\n")).into(),
        ),
        ("CR", "t.csv", text(&rows, ",", "\r").into()),
        ("semicolons", "t.csv", text(&rows, ";", "\n").into()),
        (
            "commas in a header with semicolons",
            "t.csv",
            one_with_commas.concat().into(),
        ),
        ("tabs", "t.csv", text(&rows, "\t", "\n").into()),
        ("text of Excel", "t.txt", utf_16(&text(&rows, "\t", "\r\n"))),
        ("UTF-16", "t.csv", utf_16(&text(&rows, ",", "\r\n"))),
        (
            "a line for Excel",
            "t.csv",
            ("sep=;\r\n".to_string() + &text(&rows, ";", "\r\n")).into(),
        ),
        ("commas in TSV", "t.tsv", text(&rows, ",", "\n").into()),
        (
            "JSON array",
            "t.json",
            format!("[\n{}\n]\n", json.join(",\n")).into(),
        ),
    ];
    for (what, name, bytes) in tables {
        let (space, _) = corpus(name);
        space.write(&format!("corpora/made/{name}"), bytes);
        let told = space.stdout(&["corpora", "made"]);
        assert!(
            told.contains("utterances 12, speakers 4, 3.6 s; 12 usable"),
            "{what}: {told}"
        );
        assert!(!told.contains("left out"), "{what}: {told}");
    }
}

#[test]
fn a_stray_quote_is_reported_with_its_line_and_joins_no_rows() {
    let (space, rows) = corpus("table.csv");
    let mut lines = vec!["path,text,speaker,gender,emotion".to_string()];
    for (index, [path, speaker, gender, emotion]) in rows.iter().enumerate() {
        let words = if [3, 8].contains(&index) {
            "\"oh"
        } else {
            "oh well"
        };
        lines.push([path, words, speaker, gender, emotion].join(","));
    }
    space.write("corpora/made/table.csv", lines.join("\n"));
    let run = space.run("pipe.toml", &[]);
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    let error = run.error();
    assert!(error.contains("2 of 12 items cannot be used"), "{error}");
    for told in [
        "made/table.csv:5: the quote in column 16 opens a field that ends in the middle of line 10",
        "made/table.csv:10: the quote in column 16 is never closed",
    ] {
        assert!(error.contains(told), "{error}");
    }
    let run = space.run("pipe.toml", &["--set", "speech.max_bad=0.2"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let split = space.read("runs/pipe/speech.max_bad=0.2/speech/split.tsv");
    assert!(split.contains("made/s3\t"), "{split}");
    assert_eq!(
        run.finished()["items"]["left_out"],
        2,
        "{:?}",
        run.finished()
    );
}

#[test]
fn rows_without_a_file_count_as_bad_and_are_reported_by_cause() {
    let (space, rows) = corpus("table.csv");
    for [path, ..] in rows.iter().skip(1).step_by(2) {
        std::fs::remove_file(space.join("corpora/made").join(path)).unwrap();
    }
    let table = text(&rows, ",", "\n").replacen("sad", "", 1) + "audio/0001.wav,s1\n";
    space.write("corpora/made/table.csv", table);
    let run = space.run("pipe.toml", &[]);
    let error = run.error();
    let wanted = "the file does not exist: 6 times, first at made/table.csv:3 (audio/0001.wav; the nearest is audio/0000.wav); made/table.csv:4: emotion is empty; made/table.csv:14: it has 2 fields, but the header has 4";
    assert!(error.contains("8 of 13 items cannot be used"), "{error}");
    assert!(error.ends_with(wanted), "{error}");
}

#[test]
fn nothing_is_left_and_the_most_frequent_reason_is_reported_first() {
    let (space, rows) = corpus("table.csv");
    let rows: Vec<[String; 4]> = rows
        .into_iter()
        .enumerate()
        .map(|(index, [path, speaker, gender, emotion])| match index {
            0 => [path, String::new(), gender, emotion],
            _ => [path.replace(".wav", ".flac"), speaker, gender, emotion],
        })
        .collect();
    space.write("corpora/made/table.csv", text(&rows, ",", "\n"));
    let run = space.run("pipe.toml", &["--set", "speech.max_bad=1"]);
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    let wanted = "no items are left: the file does not exist: 11 times, first at made/table.csv:3 (audio/0001.flac; the nearest is audio/0001.wav); made/table.csv:2: speaker is empty";
    assert_eq!(run.error(), wanted);
}

#[test]
fn times_of_segments_are_read_in_the_usual_spellings() {
    for (start, end) in [
        ("0.1", "0.25"),
        ("0.1", ""),
        ("0.1", "-1"),
        ("0.1", "NaT"),
        ("100ms", "0.25 s"),
        ("00:00:00.1", "00:00:00.25"),
        ("00:00.1", "00:00.25"),
        ("0 days 00:00:00.100000", "0 days 00:00:00.250000"),
        ("0,1", "0,25"),
        ("", "0.25"),
    ] {
        let (space, rows) = corpus("table.csv");
        let mut table = String::from("path;start;end;speaker;gender;emotion\n");
        for [path, speaker, gender, emotion] in &rows {
            table += &format!("{path};{start};{end};{speaker};{gender};{emotion}\n");
        }
        space.write("corpora/made/table.csv", table);
        let length_s = match (start, end) {
            ("", _) => "3.0 s",
            (_, "" | "-1" | "NaT") => "2.4 s",
            _ => "1.8 s",
        };
        let told = space.stdout(&["corpora", "made"]);
        assert!(
            told.contains(&format!("utterances 12, speakers 4, {length_s}; 12 usable")),
            "{start} to {end}: {told}"
        );
        if end == "NaT" {
            let run = space.run_well("pipe.toml");
            assert_eq!(run.finished()["items"]["bad"], 0, "{:?}", run.finished());
        }
    }
}
