//! `pipe run --watch`: runs again after what results depend on has changed, and only then.

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use super::workspace::Workspace;

/// However slow the machine is.
const LONGEST_WAIT: Duration = Duration::from_secs(300);

/// A run that watches, with the lines that it prints.
struct Watching {
    child: Child,
    lines: Receiver<String>,
}

impl Watching {
    fn start(space: &Workspace) -> Self {
        let mut command = space.command_that_heeds_signals(&["run", "pipe.toml", "--watch"]);
        command.stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let stderr = child.stderr.take().unwrap();
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        Self { child, lines }
    }

    /// The lines up to the first with `text` in it.
    fn until(&self, text: &str) -> String {
        let mut all = String::new();
        loop {
            let line = self.lines.recv_timeout(LONGEST_WAIT);
            let line = line.unwrap_or_else(|_| panic!("no {text:?} after:\n{all}"));
            all.push_str(&format!("{line}\n"));
            if line.contains(text) {
                return all;
            }
        }
    }

    fn interrupt(mut self) -> Option<i32> {
        let id = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(id, rustix::process::Signal::INT).unwrap();
        let code = self.child.wait().unwrap().code();
        let left: Vec<String> = self.lines.iter().collect();
        assert!(
            left.iter().all(|line| !line.contains(" executed")),
            "{left:?}"
        );
        code
    }
}

#[test]
fn a_run_that_watches_runs_again_after_what_results_depend_on_has_changed() {
    let space = Workspace::with_corpus(3);
    let watching = Watching::start(&space);
    watching.until("4 executed in");
    watching.until("watching for changes");
    // A comment changes no result; the run after this is about the parameter.
    space.write(
        "pipe.toml",
        format!("# a remark\n{}", space.read("pipe.toml")),
    );
    space.edit("pipe.toml", "bins = 23", "bins = 24");
    let again = watching.until("watching for changes");
    assert!(again.contains("2 executed, 2 unchanged in"), "{again}");
    // A recording.
    space.tone("corpora/made/audio/0001.wav", 16_000, 0.3, 999.0);
    let again = watching.until("watching for changes");
    assert!(
        again.contains("1 item computed") || again.contains("items computed"),
        "{again}"
    );
    // A mistake is told, and waited for until it is mended.
    space.edit("pipe.toml", "bins = 24", "bnis = 24");
    let told = watching.until("watching for changes");
    assert!(
        told.contains("unknown key `bnis`") && told.contains("did you mean `bins`?"),
        "{told}"
    );
    space.edit("pipe.toml", "bnis = 24", "bins = 24");
    let again = watching.until("watching for changes");
    assert!(again.contains("4 unchanged in"), "{again}");
    assert_eq!(watching.interrupt(), Some(130));
}

#[test]
fn only_a_file_can_be_watched() {
    let space = Workspace::with_corpus(1);
    let told = space.refused(&["run", "none.toml", "--watch"]);
    assert!(told.contains("no file that can be watched"), "{told}");
}
