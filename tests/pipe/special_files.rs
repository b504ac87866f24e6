//! Pipes, devices, sockets and folders where a manifest or `corpora.toml` names a file: refused at once, since reading
//! one may never end. What the user pipes in on the command line is read.

use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::process::Command;

use super::bounded::{assert_says, refused, run, run_script};
use super::workspace::{Workspace, lines_of_json};

/// Names that can be put in the place of a file, and what they are.
const SPECIAL: [(&str, &str); 5] = [
    ("special/pipe", "a named pipe"),
    ("special/link", "a named pipe"),
    ("/dev/zero", "a device"),
    ("special/socket", "a socket"),
    ("special", "a folder"),
];

/// A folder with the corpus `made` and what [`SPECIAL`] names.
fn space() -> Workspace {
    let space = Workspace::with_corpus(3);
    std::fs::create_dir(space.join("special")).unwrap();
    make_pipe(&space, "special/pipe");
    symlink("pipe", space.join("special/link")).unwrap();
    // It stays when nobody listens any more.
    UnixListener::bind(space.join("special/socket")).unwrap();
    space
}

fn make_pipe(space: &Workspace, name: &str) {
    let made = Command::new("mkfifo").arg(space.join(name)).status();
    assert!(made.unwrap().success());
}

const COMMAND: &str =
    "[stage.one]\nkind = \"command\"\nrun = \"echo > {out}/a\"\noutputs = [\"a\"]\n";

#[test]
fn a_manifest_names_regular_files_only() {
    let space = space();
    let chain = space.read("pipe.toml");
    for (name, what) in SPECIAL {
        let texts = [
            format!("include = \"{name}\"\n{COMMAND}"),
            format!("corpora = \"{name}\"\n{chain}"),
            chain.replace("split = \"train\"", &format!("split_file = \"{name}\"")),
        ];
        // A command may declare a folder of files.
        let declared = (what != "a folder").then(|| format!("{COMMAND}files = [\"{name}\"]\n"));
        for text in texts.into_iter().chain(declared) {
            space.write("m.toml", text);
            let said = refused(&space, &["run", "m.toml"]);
            assert_says(&said, &format!("it is {what}, not a regular file"));
            assert_says(&said, "[m.toml:");
        }
    }
}

#[test]
fn a_table_of_labels_is_a_regular_file() {
    let space = space();
    std::fs::remove_file(space.join("corpora/made/table.csv")).unwrap();
    for (name, what) in SPECIAL {
        let target = space.join("corpora/made/table.csv");
        symlink(space.join(name), &target).unwrap();
        let ended = run(&space, &["run", "pipe.toml", "--json"]);
        assert_eq!(ended.code, Some(1), "{}", ended.stderr);
        let told = format!("it is {what}, not a regular file");
        assert!(ended.stdout.contains(&told), "{told}: {}", ended.stdout);
        let ended = run(&space, &["corpora", "made"]);
        assert_says(&ended.stdout, &told);
        std::fs::remove_file(target).unwrap();
    }
}

#[test]
fn a_file_that_becomes_something_else_is_not_waited_for() {
    let space = space();
    let declared = COMMAND.replace("run =", "files = [\"data\"]\nrun =");
    // Each is changed by the first stage, after the manifest was read.
    for special in ["mkfifo data", "ln -s /dev/zero data"] {
        space.write("data", "content");
        let swap = format!(
            "[stage.swap]\nkind = \"command\"\nrun = \"rm data; {special}; echo > {{out}}/a\"\noutputs = [\"a\"]\n"
        );
        let after = declared.replace("files", "inputs = { swap = \"swap\" }\nfiles");
        space.write("m.toml", swap + &after);
        let ended = run(&space, &["run", "m.toml", "--json"]);
        assert_eq!(ended.code, Some(1), "{}", ended.stderr);
        assert_says(&ended.stdout, "not a regular file");
        for name in ["data", "cache", "runs"] {
            let path = space.join(name);
            let _ = std::fs::remove_file(&path).or_else(|_| std::fs::remove_dir_all(&path));
        }
    }
}

#[test]
fn files_are_read_up_to_a_limit() {
    let space = space();
    let long = |name: &str| {
        let file = std::fs::File::create(space.join(name)).unwrap();
        // Sparse: it takes no space, and all memory once it is read.
        file.set_len(1 << 40).unwrap();
    };
    long("long");
    let told = "1,099,511,627,776";
    let chain = space.read("pipe.toml");
    for (text, limit) in [
        (format!("include = \"long\"\n{COMMAND}"), "manifest_bytes"),
        (format!("corpora = \"long\"\n{chain}"), "manifest_bytes"),
    ] {
        space.write("m.toml", text);
        let said = refused(&space, &["run", "m.toml"]);
        assert_says(&said, limit);
        assert!(said.contains("1,099,511,627,"), "{told}: {said}");
    }
    assert_says(
        &refused(&space, &["run", "long"]),
        "the manifest has 1,099,511,627,776 bytes",
    );
    let split = chain.replace("split = \"train\"", "split_file = \"long\"");
    space.write("m.toml", split);
    let ended = run(&space, &["run", "m.toml", "--json"]);
    assert_eq!(ended.code, Some(1), "{}", ended.stderr);
    assert_says(
        &ended.stdout,
        "`--limit file_bytes=1099511627776` raises this limit",
    );
    std::fs::remove_file(space.join("corpora/made/table.csv")).unwrap();
    long("corpora/made/table.csv");
    let ended = run(&space, &["run", "pipe.toml", "--json"]);
    assert_eq!(ended.code, Some(1), "{}", ended.stderr);
    assert_says(
        &ended.stdout,
        "`--limit file_bytes=1099511627776` raises this limit",
    );
    // Raised by the user.
    space.table(3);
    for (limit, code) in [("file_bytes=10", 1), ("file_bytes=1MB", 0)] {
        let ended = run(&space, &["run", "pipe.toml", "--json", "--limit", limit]);
        assert_eq!(ended.code, Some(code), "{limit}: {}", ended.stderr);
    }
}

#[test]
fn what_is_piped_in_on_the_command_line_is_read() {
    let space = space();
    space.write(
        "m.toml",
        "[stage.one]\nkind = \"command\"\nrun = \"echo > {out}/a\"\noutputs = [\"a\"]\n",
    );
    for script in [
        "cat m.toml > special/pipe & exec \"$0\" plan special/pipe --json",
        "exec \"$0\" plan /dev/stdin --json < m.toml",
        "cat m.toml | exec \"$0\" plan /dev/stdin --json",
    ] {
        let ended = run_script(&space, script, &[]);
        assert_eq!(ended.code, Some(0), "{script}: {}", ended.stderr);
        let told = lines_of_json(&ended.stdout);
        assert!(!told.is_empty(), "{script}");
    }
    let script =
        "cat corpora.toml > special/pipe & exec \"$0\" corpora made --corpora special/pipe";
    let ended = run_script(&space, script, &[]);
    assert_says(&ended.stdout, "Made for tests");
    // But not for ever.
    for arguments in [["plan", "/dev/zero"], ["corpora", "--corpora=/dev/zero"]] {
        assert_says(&refused(&space, &arguments), "--limit manifest_bytes=");
    }
}
