//! One cache for several users and hosts: two users of a group, two hosts by their names and networks, and leases where the
//! locks of the file system do not reach other hosts.

use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value as Json;

use super::resuming::read_until;
use super::workspace::{TRUST, Workspace, lines_of_json};

/// Numbers of users and groups that no machine has.
const ANNA: u32 = 64_101;
const BERT: u32 = 64_102;
const GROUP: u32 = 64_200;
const OTHERS: u32 = 64_201;

/// A step that waits for the file `go`; its result tells who made it and when.
const SLOW: &str = "[stage.slow]\nkind = \"command\"\noutputs = [\"slow.txt\"]\n\
    run = \"until [ -e go ]; do sleep 0.05; done; date +%s.%N > {out}/slow.txt; echo $PPID >> {out}/slow.txt\"\n";

/// Two quick steps.
const QUICK: &str = "[stage.first]\nkind = \"command\"\noutputs = [\"first.txt\"]\nrun = \"umask 077; echo one > {out}/first.txt\"\n\
    [stage.second]\nkind = \"command\"\ninputs = { first = \"first\" }\noutputs = [\"second.txt\"]\nrun = \"cat {first}/first.txt > {out}/second.txt\"\n";

/// A workspace that everybody may write in, with a cache of the group in it; none, said aloud, where the tests are not run
/// by the superuser.
fn of_group(manifest: &str, mode: u32) -> Option<Workspace> {
    if !rustix::process::getuid().is_root() {
        pipe_foundation::test_support::skipped("only the superuser can be two users");
        return None;
    }
    let space = Workspace::with_manifest("pipe.toml", manifest);
    space.install(env!("CARGO_BIN_EXE_pipe").as_ref(), "program");
    space.write(".configuration/pipe/trust.toml", TRUST);
    for folder in ["temporary", "cache"] {
        std::fs::create_dir(space.join(folder)).unwrap();
    }
    super::somebody::permit(space.path(), 0o777, 0o666);
    super::somebody::permit(&space.join("program"), 0o777, 0o777);
    let cache = space.join("cache");
    chown(&cache, Some(ANNA), Some(GROUP)).unwrap();
    std::fs::set_permissions(&cache, PermissionsExt::from_mode(mode)).unwrap();
    Some(space)
}

/// The binary, run by a user of a group.
fn by(space: &Workspace, (user, group): (u32, u32), umask: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new("sh");
    let script = format!(
        "umask {umask}; exec setpriv --reuid {user} --regid {group} --clear-groups ./program \"$@\""
    );
    command.args(["-c", &script, "sh"]).args(arguments);
    command.current_dir(space.path()).stdin(Stdio::null());
    command
        .env("NO_COLOR", "1")
        .env("XDG_CONFIG_HOME", space.join(".configuration"))
        .env("TMPDIR", space.join("temporary"));
    command
}

/// How many steps a run made; what it said.
fn ran(command: &mut Command) -> (u64, String) {
    let output = command.output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    let events = lines_of_json(&String::from_utf8_lossy(&output.stdout));
    assert_eq!(output.status.code(), Some(0), "{told} {events:?}");
    let finished = events.last().unwrap_or(&Json::Null);
    let warned: Vec<String> = events.iter().map(ToString::to_string).collect();
    let count = finished["steps"]["executed"].as_u64();
    (count.unwrap_or(u64::MAX), told + &warned.join("\n"))
}

fn walk(folder: &Path) -> impl Iterator<Item = (PathBuf, std::fs::Metadata)> + use<> {
    walkdir::WalkDir::new(folder).into_iter().map(|entry| {
        let entry = entry.unwrap();
        (entry.path().to_path_buf(), entry.metadata().unwrap())
    })
}

#[test]
fn two_users_of_a_group_use_and_prune_the_results_of_each_other() {
    let Some(space) = of_group(QUICK, 0o2770) else {
        return;
    };
    let run = |user, runs| {
        let arguments = ["run", "pipe.toml", "--json", "--runs", runs];
        ran(&mut by(&space, (user, GROUP), "002", &arguments))
    };
    assert_eq!(run(ANNA, "of-anna").0, 2);
    assert_eq!(run(BERT, "of-bert").0, 0);
    space.edit("pipe.toml", "echo one", "echo two");
    assert_eq!(run(BERT, "of-bert").0, 2);
    assert_eq!(run(ANNA, "of-anna").0, 0);
    let (mut files, mut of_users) = (0, std::collections::BTreeSet::new());
    for (path, metadata) in walk(&space.join("cache")) {
        let mode = metadata.mode() & 0o7777;
        assert_eq!(metadata.gid(), GROUP, "{}", path.display());
        let wanted = match metadata.is_dir() {
            true => 0o2070,
            false => 0o040,
        };
        assert_eq!(mode & wanted, wanted, "{} {mode:o}", path.display());
        assert_eq!(mode & 0o002, 0, "{} {mode:o}", path.display());
        if path.strip_prefix(space.join("cache/objects")).is_ok() && metadata.is_file() {
            assert_eq!(mode & 0o222, 0, "{} {mode:o}", path.display());
            of_users.insert(metadata.uid());
            files += 1;
        }
    }
    assert!(files >= 2 && of_users.len() == 2, "{files} {of_users:?}");
    // Each removes what the other has made: nothing of the first results stays.
    let prune = ["cache", "prune", "--keep-runs", "1", "--older-than", "0"];
    let pruned = by(&space, (BERT, GROUP), "002", &prune).output().unwrap();
    let told = String::from_utf8_lossy(&pruned.stderr).into_owned();
    assert_eq!(pruned.status.code(), Some(0), "{told}");
    let left = walk(&space.join("cache/objects")).filter(|(_, metadata)| metadata.is_file());
    assert!(
        left.count() < files,
        "{}",
        String::from_utf8_lossy(&pruned.stdout)
    );
    assert_eq!(run(ANNA, "of-anna").0, 0);
    let verify = by(&space, (ANNA, GROUP), "002", &["cache", "verify"]).output();
    assert!(verify.unwrap().status.success());
}

#[test]
fn what_a_dead_run_of_one_user_left_another_one_removes() {
    let Some(space) = of_group(SLOW, 0o2770) else {
        return;
    };
    let arguments = ["run", "pipe.toml", "--json"];
    let mut command = by(&space, (ANNA, GROUP), "002", &arguments);
    let mut killed = read_until(&mut command, |_, event| event["event"] == "step_started");
    let work = || {
        let entries = space.join("cache/tmp").read_dir().unwrap();
        entries.count()
    };
    assert!(work() > 0);
    killed.kill().unwrap();
    killed.wait().unwrap();
    space.write("go", "");
    std::fs::set_permissions(space.join("runs"), PermissionsExt::from_mode(0o777)).ok();
    let more = ["run", "pipe.toml", "--json", "--runs", "of-bert"];
    assert_eq!(ran(&mut by(&space, (BERT, GROUP), "002", &more)).0, 1);
    assert_eq!(work(), 0);
}

#[test]
fn files_follow_the_umask_and_one_that_keeps_the_group_out_is_told_of() {
    let Some(space) = of_group(QUICK, 0o2770) else {
        return;
    };
    let run = ["run", "pipe.toml", "--json"];
    let (_, told) = ran(&mut by(&space, (ANNA, GROUP), "027", &run));
    assert!(
        told.contains("with umask 027 nobody else of it can change"),
        "{told}"
    );
    for (path, metadata) in walk(&space.join("cache/objects")) {
        if metadata.is_file() {
            let mode = metadata.mode() & 0o777;
            assert_eq!(mode, 0o440, "{} {mode:o}", path.display());
        }
    }
    // The other user can read all of it and change nothing: nothing is stored, with the reason.
    space.edit("pipe.toml", "echo one", "echo two");
    let more = ["run", "pipe.toml", "--json", "--runs", "of-bert"];
    let (made, told) = ran(&mut by(&space, (BERT, GROUP), "002", &more));
    assert_eq!(made, 2);
    assert!(
        told.contains("cannot be written (Permission denied"),
        "{told}"
    );
}

#[test]
fn a_user_who_may_only_read_uses_what_is_there_and_stores_nothing() {
    let Some(space) = of_group(QUICK, 0o2775) else {
        return;
    };
    let run = ["run", "pipe.toml", "--json"];
    assert_eq!(ran(&mut by(&space, (ANNA, GROUP), "002", &run)).0, 2);
    let before = space.files("cache");
    let more = ["run", "pipe.toml", "--json", "--runs", "of-bert"];
    let (made, told) = ran(&mut by(&space, (BERT, OTHERS), "022", &more));
    assert_eq!(made, 0);
    assert!(
        told.contains("cannot be written (Permission denied"),
        "{told}"
    );
    assert!(space.files("cache") == before);
}

/// The binary on a host of its own: with another name and another network. None, said aloud, where that cannot be made.
fn on_host(space: &Workspace, name: &str, arguments: &[&str]) -> Option<Command> {
    let mut command = Command::new("unshare");
    let script = format!("hostname {name} && exec \"$0\" \"$@\"");
    command.args(["--uts", "--net", "sh", "-c", &script]);
    let tried = Command::new("unshare")
        .args(["--uts", "--net", "hostname", name])
        .stderr(Stdio::null())
        .status();
    if !tried.is_ok_and(|status| status.success()) {
        pipe_foundation::test_support::skipped("hosts with names of their own cannot be made here");
        return None;
    }
    let of_binary = space.command(arguments);
    command
        .arg(of_binary.get_program())
        .args(of_binary.get_args());
    command.current_dir(space.path()).stdin(Stdio::null());
    let variables = of_binary.get_envs();
    command.envs(variables.filter_map(|(name, value)| Some((name, value?))));
    Some(command)
}

const RUN: [&str; 3] = ["run", "pipe.toml", "--json"];

fn started(command: &mut Command) -> Child {
    read_until(command, |_, event| event["event"] == "step_started")
}

#[test]
fn who_waits_for_another_host_is_told_its_name_and_a_host_that_dies_frees_its_lock() {
    let space = Workspace::with_manifest("pipe.toml", SLOW);
    let Some(mut first) = on_host(&space, "node7", &RUN) else {
        return;
    };
    let mut first = started(&mut first);
    let mut told = None;
    let mut second = on_host(&space, "node8", &RUN).unwrap();
    let mut second = read_until(&mut second, |_, event| {
        if event["event"] == "step_waiting" {
            told = event["by"].as_str().map(str::to_owned);
            // Its scratch folder is in use, whoever asks.
            let held = space.stdout(&["cache", "prune", "--older-than", "0"]);
            assert!(held.contains("a run is in progress"), "{held}");
            assert!(held.contains("on node7"), "{held}");
            first.kill().unwrap();
            space.write("go", "");
        }
        false
    });
    first.wait().unwrap();
    assert!(second.wait().unwrap().success());
    let told = told.unwrap();
    let expected = format!("process {} of ", first.id());
    assert!(
        told.starts_with(&expected) && told.contains(" on node7, since "),
        "{told}"
    );
}

/// A workspace whose cache keeps leases, as on a file system whose locks do not reach other hosts.
fn with_leases(manifest: &str) -> Workspace {
    let space = Workspace::with_manifest("pipe.toml", manifest);
    std::fs::create_dir_all(space.join("cache")).unwrap();
    space.write("cache/LEASES", "a test\n");
    space
}

/// All leases were renewed so long ago.
fn age_leases(space: &Workspace, minutes: u64) {
    for (path, metadata) in walk(&space.join("cache/leases")) {
        if metadata.is_file() {
            let time = metadata.modified().unwrap() - Duration::from_secs(60 * minutes);
            let file = std::fs::File::options().write(true).open(path).unwrap();
            file.set_modified(time).unwrap();
        }
    }
}

#[test]
fn runs_that_keep_leases_make_everything_once_and_leave_none() {
    let space = with_leases(SLOW);
    let mut first = started(&mut space.command(&RUN));
    assert!(space.join("cache/leases").read_dir().unwrap().count() > 0);
    let mut finished = Json::Null;
    let mut second = read_until(&mut space.command(&RUN), |_, event| {
        if event["event"] == "step_waiting" {
            space.write("go", "");
        }
        finished = event.clone();
        false
    });
    assert!(first.wait().unwrap().success() && second.wait().unwrap().success());
    assert_eq!(finished["steps"]["executed"], 0, "{finished}");
    assert_eq!(space.join("cache/leases").read_dir().unwrap().count(), 0);
    assert_eq!(space.join("cache/tmp").read_dir().unwrap().count(), 0);
    assert!(space.pipe(&["cache", "verify"]).status.success());
    assert!(
        space
            .pipe(&["cache", "prune", "--older-than", "0"])
            .status
            .success()
    );
}

#[test]
fn the_lease_of_a_dead_run_expires_and_its_work_is_done_by_another() {
    let space = with_leases(SLOW);
    let mut first = started(&mut space.command(&RUN));
    first.kill().unwrap();
    first.wait().unwrap();
    space.write("go", "");
    age_leases(&space, 5);
    let run = space.run_well("pipe.toml");
    assert_eq!(run.steps().0, 1);
    assert_eq!(space.join("cache/tmp").read_dir().unwrap().count(), 0);
}

#[test]
fn a_run_that_was_stopped_until_another_took_over_publishes_nothing() {
    let space = with_leases(SLOW);
    let mut first = started(&mut space.command(&RUN));
    let id = first.id().to_string();
    let signal = |name: &str| {
        let sent = Command::new("kill").args(["-s", name, &id]).status();
        assert!(sent.unwrap().success());
    };
    signal("STOP");
    age_leases(&space, 5);
    let mut second = started(&mut space.command(&RUN));
    space.write("go", "");
    assert!(second.wait().unwrap().success());
    let (records, objects) = (space.files("cache/steps"), space.files("cache/objects"));
    signal("CONT");
    assert!(first.wait().unwrap().success());
    assert!(space.files("cache/steps") == records);
    assert_eq!(
        space.files("cache/steps").keys().collect::<Vec<_>>(),
        records.keys().collect::<Vec<_>>()
    );
    assert!(
        objects
            .keys()
            .all(|name| space.files("cache/objects").contains_key(name))
    );
    // What people find is what the record says.
    let result = space.read("runs/pipe/slow/slow.txt");
    assert!(
        objects.values().any(|bytes| bytes == result.as_bytes()),
        "{result}"
    );
}
