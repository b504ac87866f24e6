//! Commands with `protocol = "lines"`: programs that are kept running.

use super::programs::wait_until_gone;
use super::workspace::Workspace;

/// A worker in bash: `$input` and `$output` are the paths of each line; what `before` does comes before the copy.
fn script(before: &str) -> String {
    format!(
        "echo start >> starts.txt\n\
         while IFS= read -r line; do\n\
         rest=${{line#*'\"input\":\"'}}; input=${{rest%%'\"'*}}\n\
         rest=${{line#*'\"output\":\"'}}; output=${{rest%%'\"'*}}\n\
         {before}\n\
         cp \"$input\" \"$output\"; echo '{{}}'\n\
         done\n"
    )
}

/// Utterances of which the last is longer than the others.
pub fn space(before: &str, more: &str) -> Workspace {
    let space = Workspace::with_corpus(8);
    space.tone("corpora/made/audio/0007.wav", 16_000, 1.5, 300.0);
    space.write("worker.sh", script(before));
    space.write(
        "pipe.toml",
        format!(
            "[stage.speech]\nkind = \"ingest\"\ncorpora = \"made\"\nsplit = \"train\"\n\
             [stage.copy]\nkind = \"command\"\nfor_each = \"speech\"\nmakes = \"audio\"\n\
             protocol = \"lines\"\nrun = [\"bash\", \"worker.sh\"]\nfiles = [\"worker.sh\"]\nmax_bad = 1\n{more}"
        ),
    );
    space
}

fn starts(space: &Workspace) -> usize {
    space.read("starts.txt").lines().count()
}

const IS_LONG: &str = "[ $(stat -c %s \"$input\") -gt 60000 ]";

#[test]
fn a_worker_makes_one_item_after_another_and_one_changed_item_costs_one() {
    let space = space("", "[stage.fbank]\nkind = \"fbank\"\ninput = \"copy\"\n");
    let run = space.run_well("pipe.toml");
    assert_eq!((run.steps(), run.items()), ((3, 0, 0), (24, 0)));
    // As many as work at once, and not one for each item.
    let cores = std::thread::available_parallelism().unwrap().get();
    assert!(
        (1..=cores.min(7)).contains(&starts(&space)),
        "{}",
        starts(&space)
    );
    let before = starts(&space);
    assert_eq!(space.run_well("pipe.toml").steps(), (0, 3, 0));
    assert_eq!(starts(&space), before);
    space.tone("corpora/made/audio/0002.wav", 16_000, 0.3, 900.0);
    assert_eq!(space.run_well("pipe.toml").items(), (3, 21));
    assert_eq!(starts(&space), before + 1);
    // What it does is in the key: its script is a declared file.
    space.write("worker.sh", script(":"));
    assert_eq!(space.run_well("pipe.toml").executed()[0], "copy");
}

#[test]
fn a_worker_that_dies_is_started_again() {
    let space = space("[ -e died ] || { touch died; kill -9 $$; }", "");
    assert_eq!(space.run_well("pipe.toml").items(), (16, 0));
}

#[test]
fn an_item_with_which_it_dies_twice_is_set_aside() {
    let space = space(
        &format!("{IS_LONG} && {{ echo too much >&2; exit 9; }}"),
        "",
    );
    let run = space.run("pipe.toml", &[]);
    assert_eq!(run.code, Some(0), "{}", run.warnings().join("\n"));
    let dropped = space.read("runs/pipe/copy/set_aside.tsv");
    assert_eq!(
        dropped.lines().filter(|line| line.contains("0007")).count(),
        1,
        "{dropped}"
    );
    for text in ["exit code 9", "twice", "too much"] {
        assert!(dropped.contains(text), "{text} is missing: {dropped}");
    }
}

#[test]
fn an_item_that_it_refuses_costs_no_worker() {
    let refuse = format!("{IS_LONG} && {{ echo '{{\"error\": \"it is too long\"}}'; continue; }}");
    let space = space(&refuse, "");
    let run = space.run("pipe.toml", &[]);
    assert_eq!(run.code, Some(0));
    let dropped = space.read("runs/pipe/copy/set_aside.tsv");
    assert!(dropped.contains("it is too long"), "{dropped}");
    let cores = std::thread::available_parallelism().unwrap().get();
    assert!(starts(&space) <= cores);
}

#[test]
fn what_is_no_answer_is_shown() {
    let space = space("echo Loading...", "");
    let run = space.run("pipe.toml", &[]);
    assert_eq!(run.code, Some(1));
    let told = space.pipe(&["run", "pipe.toml"]);
    let told = String::from_utf8(told.stderr).unwrap();
    assert!(
        told.contains("not an answer") && told.contains("Loading..."),
        "{told}"
    );
}

#[test]
fn an_item_that_takes_too_long_ends_its_worker() {
    let space = space(&format!("{IS_LONG} && sleep 60"), "timeout_s = 1\n");
    assert_eq!(space.run("pipe.toml", &[]).code, Some(0));
    let dropped = space.read("runs/pipe/copy/set_aside.tsv");
    assert!(
        dropped.contains("0007") && dropped.contains("after 1 s"),
        "{dropped}"
    );
}

#[test]
fn what_a_worker_read_of_a_file_that_changed_and_was_restored_is_in_no_result() {
    let space = space(
        "",
        "[stage.all]\nkind = \"command\"\ninputs = { made = \"copy\" }\nrun = \"cat {made}/*.safetensors | grep -a -o -e one -e two | sort | uniq -c > {out}/all.txt\"\noutputs = [\"all.txt\"]\n",
    );
    space.edit("pipe.toml", "makes = \"audio\"\n", "");
    space.edit(
        "pipe.toml",
        "files = [\"worker.sh\"]",
        "files = [\"worker.sh\", \"word.txt\"]",
    );
    space.write("word.txt", "one\n");
    // The first program reads what is there for a moment only.
    let loading = "test -e tried || { touch tried; echo two > word.txt; word=$(cat word.txt); echo one > word.txt; }\n\
                   word=${word:-$(cat word.txt)}\n";
    let answering = script("").replace("cp \"$input\" \"$output\"", "echo $word > \"$output\"");
    space.write("worker.sh", loading.to_owned() + &answering);
    // One program at a time: of two, each could be the first and find the other's change again in its second start.
    let run = space.run("pipe.toml", &["--jobs", "1"]);
    assert_eq!(run.code, Some(0), "{:?}", run.events);
    assert!(run.events_of("item_bad").is_empty(), "{:?}", run.events);
    assert_eq!(space.read("runs/pipe/all/all.txt").trim(), "8 one");
}

#[test]
fn a_worker_that_stays_is_terminated() {
    let space = space("", "");
    space.write("worker.sh", script("") + "echo $$ > held\nexec sleep 600\n");
    let run = space.run("pipe.toml", &["--jobs", "1"]);
    assert_eq!(run.code, Some(0));
    let warned = run.warnings().join("\n");
    assert!(
        warned.contains("did not end when its standard input did"),
        "{warned}"
    );
    wait_until_gone(&[space.read("held").trim().to_owned()]);
}

#[test]
fn what_does_not_go_with_the_protocol_is_refused_in_the_plan() {
    let space = space("", "");
    space.edit(
        "pipe.toml",
        "\"worker.sh\"]\nfiles",
        "\"worker.sh\", \"{input}\"]\nfiles",
    );
    let told = space.refused(&["plan", "pipe.toml"]);
    assert!(
        told.contains("{input} is not available with `protocol`"),
        "{told}"
    );
    space.edit("pipe.toml", ", \"{input}\"", "");
    space.edit(
        "pipe.toml",
        "for_each = \"speech\"\nmakes = \"audio\"\n",
        "inputs = { a = \"speech\" }\noutputs = [\"x\"]\n",
    );
    space.edit("pipe.toml", "max_bad = 1\n", "");
    let told = space.refused(&["plan", "pipe.toml"]);
    assert!(
        told.contains("`protocol` has no meaning without `for_each`"),
        "{told}"
    );
}

/// A worker in bash that takes lists of items; `before` sees `$input` of each of them, and may set `$answer`.
fn batch_script(before: &str) -> String {
    format!(
        "echo start >> starts.txt\n\
         while IFS= read -r line; do\n\
         rest=$line; answers=\n\
         echo \"$line\" | grep -o '\"input\"' | wc -l >> sizes.txt\n\
         while [[ $rest == *'\"input\":\"'* ]]; do\n\
         rest=${{rest#*'\"input\":\"'}}; input=${{rest%%'\"'*}}\n\
         rest=${{rest#*'\"output\":\"'}}; output=${{rest%%'\"'*}}\n\
         answer='{{}}'\n\
         {before}\n\
         [ \"$answer\" = '{{}}' ] && cp \"$input\" \"$output\"\n\
         answers=\"$answers,$answer\"\n\
         done\n\
         echo \"[${{answers#,}}]\"\n\
         done\n"
    )
}

fn batches(before: &str, more: &str) -> Workspace {
    let space = space("", more);
    space.edit("pipe.toml", "\"lines\"\n", "\"lines\"\nbatch = 4\n");
    space.write("worker.sh", batch_script(before));
    space
}

/// How many items each request had, from the fewest.
fn sizes(space: &Workspace) -> Vec<usize> {
    let sizes = space.read("sizes.txt");
    let mut sizes: Vec<usize> = sizes
        .lines()
        .map(|line| line.trim().parse().unwrap())
        .collect();
    sizes.sort_unstable();
    sizes
}

#[test]
fn items_come_to_a_worker_in_batches_and_each_has_its_own_answer() {
    let refuse = format!("{IS_LONG} && answer='{{\"error\": \"it is too long\"}}'");
    let space = batches(&refuse, "");
    let run = space.run("pipe.toml", &["--jobs", "1"]);
    assert_eq!((run.code, starts(&space)), (Some(0), 1));
    assert_eq!(sizes(&space), [4, 4]);
    let dropped = space.read("runs/pipe/copy/set_aside.tsv");
    assert!(
        dropped.contains("0007") && dropped.contains("it is too long"),
        "{dropped}"
    );
    assert_eq!(run.events_of("item_bad").len(), 1);
    // What was made is that of its own item.
    space.write("one.sh", script(""));
    space.edit("pipe.toml", "batch = 4\n", "");
    space.edit(
        "pipe.toml",
        "\"worker.sh\"]\nfiles = [\"worker.sh\"]",
        "\"one.sh\"]\nfiles = [\"one.sh\"]",
    );
    space.edit("pipe.toml", "max_bad = 1\n", "max_bad = 1\n[stage.count]\nkind = \"command\"\ninputs = { made = \"copy\" }\nrun = \"cat {made}/items.tsv > {out}/items.tsv; cd {made}; sha256sum *.safetensors > {out}/sums\"\noutputs = [\"items.tsv\", \"sums\"]\n");
    space.run("pipe.toml", &["--jobs", "1"]);
    let one = space.read("runs/pipe/count/sums");
    space.edit(
        "pipe.toml",
        "\"one.sh\"]\nfiles = [\"one.sh\"]",
        "\"worker.sh\"]\nfiles = [\"worker.sh\"]",
    );
    space.edit(
        "pipe.toml",
        "protocol = \"lines\"\n",
        "protocol = \"lines\"\nbatch = 3\n",
    );
    space.write("worker.sh", batch_script(":"));
    space.run("pipe.toml", &["--jobs", "2"]);
    assert_eq!(space.read("runs/pipe/count/sums"), one);
}

#[test]
fn an_item_that_kills_its_worker_is_found_in_its_batch() {
    let space = batches(
        &format!("{IS_LONG} && {{ echo too much >&2; exit 9; }}"),
        "",
    );
    let run = space.run("pipe.toml", &["--jobs", "1"]);
    assert_eq!(run.code, Some(0), "{}", run.warnings().join("\n"));
    let dropped = space.read("runs/pipe/copy/set_aside.tsv");
    for text in ["0007", "exit code 9", "twice", "too much"] {
        assert!(dropped.contains(text), "{text} is missing: {dropped}");
    }
    assert_eq!(run.events_of("item_bad").len(), 1);
    // Four with the others and it; two; it alone, twice.
    assert_eq!(sizes(&space), [1, 1, 1, 2, 2, 4, 4]);
}

#[test]
fn a_list_of_another_length_is_reported() {
    let space = batches(":", "");
    space.edit("worker.sh", "echo \"[${answers#,}]\"", "echo '[]'");
    space.edit("pipe.toml", "max_bad = 1\n", "");
    let run = space.run("pipe.toml", &["--jobs", "1"]);
    assert_eq!(run.code, Some(1));
    let told = run.error();
    assert!(
        told.contains("answered a request of 1 item with a list of 0"),
        "{told}"
    );
}
