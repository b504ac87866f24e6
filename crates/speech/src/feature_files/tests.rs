//! Every format against the program that wrote it: `tests/golden/feature_files/make.py`.

use std::collections::BTreeMap;

use pipe_foundation::Features;
use serde::Deserialize;

use super::*;

/// Frames of three values of each recording, one after another.
#[derive(Deserialize)]
struct Expected {
    frames: BTreeMap<String, usize>,
    values: BTreeMap<String, Vec<f32>>,
}

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/golden/feature_files")
        .join(name)
}

fn text(name: &str) -> String {
    std::fs::read_to_string(golden(name)).unwrap()
}

fn expected() -> Expected {
    serde_json::from_str(&text("expected.json")).unwrap()
}

/// The features of a recording by the last parts of its name.
fn find(file: &dyn FeatureFile, name: &str, part: Part) -> Result<Features, FeatureFileError> {
    let index = NameIndex::new(file.names());
    match index.find(&[KnownName::of_id(&format!("corpus/{name}"), false)]) {
        Joined::At { index, .. } => file.read(index, part),
        other => panic!("{name}: {other:?} in {:?}", file.names()),
    }
}

fn opened(name: &str) -> Box<dyn FeatureFile> {
    open(&golden(name), &FeatureFileOptions::default()).unwrap()
}

#[test]
fn every_format_gives_the_numbers_that_were_written() {
    let expected = expected();
    for name in [
        "stored.npz",
        "deflated.npz",
        "all.safetensors",
        "binary.ark",
        "text.ark",
        "list.scp",
        "audformat.csv",
        "opensmile.csv",
        "audformat.parquet",
    ] {
        let file = opened(name);
        assert_eq!(file.names().len(), 3, "{name}");
        for (recording, values) in &expected.values {
            let found = find(&*file, recording, None).unwrap();
            assert_eq!(found.frames, expected.frames[recording], "{name}");
            assert_eq!(found.bins, 3, "{name}");
            assert_eq!(found.values, *values, "{name}");
        }
    }
}

#[test]
fn compressed_matrices_are_decoded_as_another_reader_does() {
    for name in ["compressed_by_column", "compressed_16", "compressed_8"] {
        let file = opened(&format!("{name}.ark"));
        let expected: BTreeMap<String, Vec<f32>> =
            serde_json::from_str(&text(&format!("{name}.json"))).unwrap();
        for (recording, values) in &expected {
            let found = find(&*file, recording, None).unwrap();
            let pairs = found.values.iter().zip(values);
            let largest = pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert_eq!(found.values.len(), values.len());
            assert!(largest < 1e-5, "{name} {recording}: {largest}");
        }
    }
}

#[test]
fn rows_without_frames_are_vectors() {
    let expected = expected();
    let stacked = FeatureFileOptions {
        names: Some(golden("names.txt")),
        ..FeatureFileOptions::default()
    };
    let stacked = open(&golden("stacked.npy"), &stacked).unwrap();
    // pandas writes its index without a name; a number that is a label is no feature.
    let pandas = opened("pandas.csv");
    for file in [&stacked, &pandas] {
        for (recording, values) in &expected.values {
            let found = find(&**file, recording, None).unwrap();
            assert_eq!((found.frames, found.bins), (1, 3));
            assert_eq!(found.values, values[..3]);
        }
    }
    assert!(pandas.notices()[0].contains("left out: `emotion`"));
}

#[test]
fn tables_in_parquet_are_those_in_csv_and_lists_are_columns() {
    let expected = expected();
    let row = |name: &str, recording: &str| find(&*opened(name), recording, None).unwrap().values;
    for (recording, values) in &expected.values {
        assert_eq!(row("pandas.parquet", recording), values[..3]);
        assert_eq!(row("lists.parquet", recording), values[..3]);
    }
    let options = FeatureFileOptions::default();
    let named = columns(&golden("lists.parquet"), &options).unwrap();
    assert_eq!(
        named.unwrap(),
        ["embedding.0", "embedding.1", "embedding.2"]
    );
    let named = columns(&golden("pandas.parquet"), &options).unwrap();
    assert_eq!(named.unwrap(), ["F0", "loudness", "jitter"]);
}

#[test]
fn damage_of_parquet_is_no_panic() {
    let folder = tempfile::tempdir().unwrap();
    let whole = std::fs::read(golden("audformat.parquet")).unwrap();
    let path = folder.path().join("a.parquet");
    for at in (0..whole.len()).step_by(41) {
        let mut damaged = whole.clone();
        damaged[at] ^= 1 << (at % 8);
        for content in [&whole[..at], &damaged] {
            std::fs::write(&path, content).unwrap();
            if let Ok(file) = open(&path, &FeatureFileOptions::default()) {
                let _ = file.read(0, None);
            }
        }
    }
}

#[test]
fn segments_take_the_rows_within_them() {
    let expected = expected();
    for name in ["audformat.csv", "audformat.parquet"] {
        let file = opened(name);
        let rows = |part| find(&*file, "a/two", Some(part)).unwrap().values;
        let all = &expected.values["a/two"];
        assert_eq!(rows((0.01, 0.03)), all[3..9]);
        assert_eq!(rows((0.02, 0.03)), all[6..9]);
        assert_eq!(rows((0.03, f64::INFINITY)), all[9..]);
        let error = find(&*file, "a/two", Some((5.0, 6.0))).unwrap_err();
        assert!(error.to_string().contains("no row within 5–6 s"), "{error}");
        assert!(file.has_times(0) && !opened("pandas.csv").has_times(0));
    }
}

#[test]
fn columns_and_names_can_be_chosen() {
    let options = FeatureFileOptions {
        columns: Some(vec!["jitter".into(), "F0".into()]),
        name_column: Some("name".into()),
        ..FeatureFileOptions::default()
    };
    let file = open(&golden("opensmile.csv"), &options).unwrap();
    let found = find(&*file, "b/one", None).unwrap();
    let all = &expected().values["b/one"];
    assert_eq!(found.values, [all[2], all[0]]);
    for (name_column, columns, expected) in [
        (Some("nobody"), None, "`frameTime`"),
        (None, Some("pitch"), "`pitch`"),
    ] {
        let options = FeatureFileOptions {
            name_column: name_column.map(Into::into),
            columns: columns.map(|column| vec![column.into()]),
            ..FeatureFileOptions::default()
        };
        let error = open(&golden("opensmile.csv"), &options).unwrap_err();
        let told = format!("{error} {}", error.help.clone().unwrap_or_default());
        assert!(told.contains(expected), "{told}");
    }
}

#[test]
fn a_folder_has_the_features_of_one_recording_in_each_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    std::fs::create_dir(path("deep")).unwrap();
    std::fs::copy(golden("stacked.npy"), path("deep/one.npy")).unwrap();
    std::fs::copy(golden("stored.npz"), path("three.npz")).unwrap();
    std::fs::write(path("README.txt"), "").unwrap();
    let file = open(folder.path(), &FeatureFileOptions::default()).unwrap();
    assert_eq!(file.names(), ["deep/one", "three"]);
    assert_eq!(file.read(0, None).unwrap().frames, 3);
    let error = file.read(1, None).unwrap_err().to_string();
    assert!(error.contains("3 arrays"), "{error}");
    assert_eq!(parts(folder.path()).unwrap().len(), 2);
}

#[test]
fn an_archive_cut_anywhere_or_with_a_flipped_bit_is_no_panic() {
    let folder = tempfile::tempdir().unwrap();
    for name in [
        "stored.npz",
        "deflated.npz",
        "all.safetensors",
        "binary.ark",
        "compressed_by_column.ark",
        "text.ark",
        "audformat.csv",
        "opensmile.csv",
    ] {
        let bytes = std::fs::read(golden(name)).unwrap();
        let path = folder.path().join(name);
        let read_all = |bytes: &[u8]| {
            std::fs::write(&path, bytes).unwrap();
            if let Ok(file) = open(&path, &FeatureFileOptions::default()) {
                for index in 0..file.names().len() {
                    let _ = file.read(index, None);
                }
            }
        };
        for length in 0..bytes.len() {
            read_all(&bytes[..length]);
        }
        for at in 0..bytes.len() {
            let mut flipped = bytes.clone();
            flipped[at] ^= 1 << (at % 8);
            read_all(&flipped);
        }
    }
}

#[test]
fn what_cannot_be_read_says_why_and_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    for (name, content, expected) in [
        ("a.npy", "", "names = \"names.txt\""),
        ("a.npz", "PK but no more", "no whole archive"),
        ("a.safetensors", "abc", "too short"),
        ("a.ark", "no archive", "no matrix or vector"),
        ("a.ark", "nothing", "archive of Kaldi"),
        ("a.scp", "one copy-feats a ark:- |\n", "copy-feats"),
        ("a.scp", "one\n", "feats.ark:17"),
        ("a.csv", "x,y\n1,2\n", "name_column"),
        ("a.csv", "file,v\n", "no rows"),
        ("a.csv", "file,v\na,b\n", "no column holds numbers"),
        ("a.csv", "file,v\na,1\nb\n", "line 3 has 1 cells"),
        ("a.csv", "file,v\r\na,1\r\nb\r\n", "line 3 has 1 cells"),
        ("a.csv", "file,v,v,z\na,1,1,1\n", "same name: `v`"),
        ("a.csv", "\u{feff}x\n1\n", "columns are `x`"),
        ("a.csv", "file,start,v\na,soon,1\n", "line 2: a time"),
        ("a.parquet", "PAR1", "no Parquet file that can be read"),
        ("a.mat", "", "extension"),
    ] {
        let path = folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        let error = open(&path, &FeatureFileOptions::default()).unwrap_err();
        let told = format!("{error} {}", error.help.clone().unwrap_or_default());
        assert!(told.contains(expected), "{name}: {told}");
    }
}

/// What is read of a table under the first name, with all columns of numbers.
fn of_table(content: impl AsRef<[u8]>) -> Result<Features, FeatureFileError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.csv");
    std::fs::write(&path, content).unwrap();
    open(&path, &FeatureFileOptions::default())?.read(0, None)
}

#[test]
fn columns_are_features_by_more_than_the_first_row() {
    let late = "file,F0,gap,word\na,1,2,x\nb,,nan,\n";
    assert_eq!(of_table(late).unwrap().values, [1.0, 2.0]);
    let first = "file,F0,gap,word\r\nb,,nan,1\r\na,1,2,x\r\n";
    let error = of_table(first).unwrap_err().to_string();
    assert!(error.contains("line 2: `F0` is empty"), "{error}");
    let index = "file,,Unnamed: 1,index,target,emotion_id,F0\na,1,2,3,4,5,6\n";
    assert_eq!(of_table(index).unwrap().values, [6.0]);
}

#[test]
fn columns_are_separated_as_the_first_line_says() {
    for content in [
        "file;\"a,b,c\";v\nx;1;2\n",
        "sep=;\nfile;a,b,c;v\nx;1,0;2\n",
        "\u{feff}sep=|\r\nfile|a,b,c|v\r\nx|1|2\r\n",
        "\u{feff}file\tv\tz\nx\t1\t2\n",
        "file|v|z\nx|1|2\n",
    ] {
        assert_eq!(of_table(content).unwrap().values, [1.0, 2.0], "{content}");
    }
}

#[test]
fn lines_are_counted_whatever_ends_them() {
    for (end, blank) in [("\n", 0), ("\r\n", 0), ("\r\n", 2), ("\n", 1)] {
        let content = format!("sep=,{end}file,v{end}{}a,inf{end}", end.repeat(blank));
        let error = of_table(content).unwrap_err().to_string();
        let expected = format!("line {}: `v` is no finite number", 3 + blank);
        assert!(error.contains(&expected), "{end:?} {blank}: {error}");
    }
}

#[test]
fn what_is_known_before_the_features_are_read() {
    let columns_of = |name: &str, options: &FeatureFileOptions| columns(&golden(name), options);
    let none = FeatureFileOptions::default();
    let found = columns_of("opensmile.csv", &none).unwrap().unwrap();
    assert_eq!(found, ["F0", "loudness", "jitter"]);
    for name in ["stored.npz", "all.safetensors", "binary.ark", "list.scp"] {
        assert_eq!(columns_of(name, &none), Ok(None));
    }
    let empty = FeatureFileOptions {
        columns: Some(Vec::new()),
        ..none.clone()
    };
    let names = FeatureFileOptions {
        names: Some(golden("names.txt")),
        ..none.clone()
    };
    for (name, options, expected) in [
        ("stacked.npy", &none, "names"),
        ("opensmile.csv", &empty, "`columns` names none"),
        ("binary.ark", &empty, "`columns` is only for tables"),
        ("opensmile.csv", &names, "`names` is only for a file .npy"),
    ] {
        let error = columns_of(name, options).unwrap_err();
        let told = format!("{error} {}", error.help.clone().unwrap_or_default());
        assert!(told.contains(expected), "{name}: {told}");
    }
}

#[test]
fn blank_lines_after_the_names_are_no_recordings() {
    let folder = tempfile::tempdir().unwrap();
    let names = folder.path().join("names.txt");
    std::fs::write(&names, text("names.txt") + "\n\n").unwrap();
    let options = FeatureFileOptions {
        names: Some(names),
        ..FeatureFileOptions::default()
    };
    let file = open(&golden("stacked.npy"), &options).unwrap();
    assert_eq!(file.names().len(), 3);
}
