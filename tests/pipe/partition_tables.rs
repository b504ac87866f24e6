//! Published splits as people write them: in every form that tables of corpora have, with segments, names in another case,
//! folders named after splits; and groups that several corpora share.

use std::collections::{BTreeMap, BTreeSet};

use super::folds::acted;
use super::partitions::plain;
use super::workspace::Workspace;

const TABLE: &str = "{ table = \"splits.csv\" }";

/// The names of the recordings, and the split of each.
fn splits_of(space: &Workspace) -> Vec<(String, &'static str)> {
    let table = space.read("acted/labels.csv");
    let names = table
        .lines()
        .skip(1)
        .filter_map(|line| line.split(',').next());
    let split = |number: usize| match number {
        0..10 => "train",
        10..14 => "dev",
        _ => "test",
    };
    let names = names.enumerate();
    names
        .map(|(number, name)| (name.to_owned(), split(number)))
        .collect()
}

fn utf_16(text: &str) -> Vec<u8> {
    let marked = format!("\u{feff}{text}");
    marked.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// An ingest alone.
fn alone(split: &str) -> Workspace {
    let manifest = plain(split);
    let end = manifest.find("[stage.audio]").expect("a front end");
    acted(3, manifest[..end].to_owned())
}

fn listed(space: &Workspace) -> String {
    space.run_well("p.toml");
    space.read("runs/p/speech/split.tsv")
}

#[test]
fn split_tables_are_read_in_every_form_of_tables_of_corpora() {
    let space = alone(TABLE);
    let rows = splits_of(&space);
    let table: String = rows
        .iter()
        .map(|(name, split)| format!("{name},{split}\n"))
        .collect();
    let table = format!("file,split\n{table}");
    space.write("splits.csv", &table);
    let expected = listed(&space);
    assert!(expected.contains("\ttest\t"), "{expected}");
    let semicolons = table.replace(',', ";");
    let forms: [(&str, Vec<u8>); 4] = [
        ("semicolons", semicolons.clone().into_bytes()),
        ("sep=", format!("sep=;\n{semicolons}").into_bytes()),
        ("UTF-16", utf_16(&table.replace(',', "\t"))),
        (
            "quoted",
            table
                .replace("\n0", "\n\"0")
                .replace(".wav,", ".wav\",")
                .into_bytes(),
        ),
    ];
    for (form, bytes) in forms {
        space.write("splits.csv", bytes);
        assert_eq!(listed(&space), expected, "{form}");
    }
    // Names in capitals are told.
    space.write(
        "splits.csv",
        table.to_uppercase().replace("FILE,SPLIT", "file,split"),
    );
    let told = space.warned(&["plan", "p.toml"]);
    let text = "18 of the 18 files of table splits.csv differ from recordings of the corpora in case or in the form of letters alone, and are taken for them; the first is 00AJOY.WAV, taken for acted/00ajoy";
    assert!(told.contains(text), "{told}");
    assert_eq!(listed(&space), expected);
    // A quote that opens a transcript takes no other row with it.
    let text = |number: usize| {
        if number == 3 || number == 12 {
            "\"oh"
        } else {
            "x"
        }
    };
    let stray: String = rows
        .iter()
        .enumerate()
        .map(|(number, (name, split))| format!("{name},{},{split}\n", text(number)))
        .collect();
    space.write("splits.csv", format!("file,text,split\n{stray}"));
    let told = space.stdout_of_exit(&["plan", "p.toml"], 1);
    assert!(told.contains("splits.csv:5: the quote in column"), "{told}");
    space.edit(
        "p.toml",
        TABLE,
        "{ lists = { train = \"a.txt\", validation = \"b.txt\", test = \"c.txt\" } }",
    );
    let list = |wanted: &str, end: &str| -> String {
        let own = rows.iter().filter(|(_, split)| *split == wanted);
        own.map(|(name, _)| format!("{name}{end}")).collect()
    };
    space.write("a.txt", format!("\u{feff}{}", list("train", "\r\n")));
    space.write("b.txt", utf_16(&list("dev", "\n")));
    space.write("c.txt", list("test", "\n"));
    assert_eq!(listed(&space), expected);
}

#[test]
fn segments_of_a_split_table_are_found_by_start_and_end() {
    let space = alone(TABLE);
    space.tone("acted/talk.wav", 16_000, 3.0, 150.0);
    let part = |start: usize| format!("talk.wav,0 days 00:00:0{start},0 days 00:00:0{}", start + 1);
    let labels: String = (0..3)
        .map(|start| format!("{},s{start},male,joy\n", part(start)))
        .collect();
    space.write(
        "acted/labels.csv",
        format!("file,start,end,speaker,gender,label\n{labels}"),
    );
    let splits = ["train", "dev", "test"];
    let rows: String = (0..3)
        .map(|start| format!("{},{}\n", part(start), splits[start]))
        .collect();
    space.write("splits.csv", format!("file,start,end,split\n{rows}"));
    let table = listed(&space);
    for (speaker, split) in [("s0", "train"), ("s1", "validation"), ("s2", "test")] {
        assert!(
            table.contains(&format!("acted/{speaker}\t{split}\t")),
            "{table}"
        );
    }
}

#[test]
fn folders_of_hugging_face_say_the_splits() {
    let space = alone("{ column = \"split\" }");
    for (folder, speaker) in [("train", "a"), ("validation", "b"), ("test", "c")] {
        let mut table = String::from("file_name,label,speaker_id,gender\n");
        for (number, label) in ["joy", "neutral", "anger"].into_iter().enumerate() {
            space.tone(
                &format!("acted/{folder}/{label}.wav"),
                16_000,
                0.4,
                120.0 + 40.0 * number as f64,
            );
            table += &format!("{label}.wav,{label},{speaker},male\n");
        }
        space.write(&format!("acted/{folder}/metadata.csv"), table);
    }
    let corpora = space.read("corpora.toml");
    let options = corpora
        .lines()
        .find(|line| line.starts_with("options"))
        .expect("options");
    let reader = corpora
        .replace("reader = \"table\"", "reader = \"huggingface\"")
        .replace(options, "");
    space.write("corpora.toml", reader);
    let table = listed(&space);
    for (speaker, split) in [("a", "train"), ("b", "validation"), ("c", "test")] {
        assert!(
            table.contains(&format!("acted/{speaker}\t{split}\t")),
            "{table}"
        );
    }
}

#[test]
fn groups_span_the_corpora_of_an_ingest() {
    let split = "{ train = 0.5, test = 0.5, validation = 0.0, groups = [\"text\"] }";
    let space = alone(split);
    space.edit(
        "p.toml",
        "corpora = \"acted\"",
        "corpora = [\"acted\", \"again\"]",
    );
    let corpora = space.read("corpora.toml");
    let section =
        corpora[corpora.find("[corpus.acted]").expect("a corpus")..].replace("acted", "again");
    space.write("corpora.toml", format!("{corpora}\n{section}"));
    let table = space.read("acted/labels.csv");
    space.write("again/labels.csv", &table);
    for (number, line) in table.lines().skip(1).enumerate() {
        let name = line.split(',').next().expect("a name");
        space.tone(
            &format!("again/{name}"),
            16_000,
            0.45,
            200.0 + 3.0 * number as f64,
        );
    }
    let listed = listed(&space);
    let mut splits: BTreeMap<char, BTreeSet<&str>> = BTreeMap::new();
    for line in listed.lines().filter(|line| line.contains('/')) {
        let mut fields = line.split('\t');
        let id = fields.next().expect("an id");
        // Names are a speaker's two digits, the text, and the label.
        let text = id
            .rsplit('/')
            .next()
            .and_then(|name| name.chars().nth(2))
            .expect("a text");
        splits.entry(text).or_default().extend(fields.next());
    }
    assert_eq!(splits.len(), 2, "{listed}");
    assert!(splits.values().all(|of| of.len() == 1), "{splits:?}");
    // A split that cuts them all the same is a leak, of whichever corpora they are.
    let pinned = listed.lines().map(|line| {
        let fields: Vec<&str> = line.split('\t').collect();
        match (fields[0].split_once('/'), &fields[..]) {
            (Some(("acted", _)), [id, _, rest @ ..]) => {
                format!("{id}\ttrain\t{}\n", rest.join("\t"))
            }
            (Some(_), [id, _, rest @ ..]) => format!("{id}\ttest\t{}\n", rest.join("\t")),
            _ => format!("{line}\n"),
        }
    });
    space.write("pin.tsv", pinned.collect::<String>());
    space.edit("p.toml", "split = {", "split_file = \"pin.tsv\"\nsplit = {");
    space.edit("p.toml", "leaks = \"warn\"", "");
    let told = space.stdout_of_exit(&["plan", "p.toml"], 1);
    assert!(told.contains("[shared_text]"), "{told}");
    assert!(
        told.contains("text a (of acted, again) is in train (9 utterances), test (9 utterances)"),
        "{told}"
    );
}
