//! Somebody who is killed in the middle of sending to a remote cache, at every request: what is there by then is whole, others
//! use it, and the next one sends the rest.

use std::net::SocketAddr;
use std::process::Stdio;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::fault_proxy::{Fault, FaultProxy};
use super::remote::{Person, ended_well, fetched, results};
use super::remote_s3::{S3Server, SECRET_KEY, command};
use super::workspace::Run;

const PUSH: [&str; 3] = ["cache", "push", "pipe.toml"];

/// The section `[cache]` of somebody who uses the folder `name` of the bucket.
fn store(name: &str, mode: &str) -> String {
    format!("remote = \"s3://lab/{name}\"\nmode = \"{mode}\"\n")
}

/// A run of somebody new who only fetches.
fn run_of_another(name: &str, address: SocketAddr) -> (Person, Run) {
    let person = Person::new(4, &store(name, "pull"));
    let arguments = ["run", "pipe.toml", "--json"];
    let run = ended_well(&mut command(&person, &arguments, address, SECRET_KEY));
    (person, run)
}

#[test]
fn a_push_that_is_killed_at_any_request_leaves_nothing_that_is_not_whole() {
    let Some(server) = S3Server::start() else {
        return;
    };
    let first = Person::new(4, "");
    first.run(&[]);
    let push_through = |name: &str, proxy: &FaultProxy| {
        first.configure(&store(name, "both"));
        command(&first, &PUSH, proxy.address, SECRET_KEY)
    };
    let whole = FaultProxy::start(server.address, Fault::None);
    let pushed = push_through("whole", &whole).output().unwrap();
    assert_eq!(pushed.status.code(), Some(0), "{pushed:?}");
    let requests = whole.requests.load(Ordering::SeqCst);
    // The list, packs, items of three steps, the index.
    assert!((5..20).contains(&requests), "{requests}");
    for cut_off in 0..requests {
        let name = format!("killed-{cut_off}");
        let proxy = FaultProxy::start(server.address, Fault::CutOff(cut_off));
        let mut push = push_through(&name, &proxy)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let started = Instant::now();
        while proxy.requests.load(Ordering::SeqCst) <= cut_off {
            assert!(started.elapsed() < Duration::from_secs(60), "{name}");
            std::thread::sleep(Duration::from_millis(5));
        }
        push.kill().unwrap();
        assert_eq!(push.wait().unwrap().code(), None, "{name}");
        // Whatever is named is there: nobody meets anything that is damaged or absent.
        let (another, run) = run_of_another(&name, server.address);
        assert_eq!(results(&another), results(&first), "{name}");
        assert_eq!(run.warnings(), Vec::<&str>::new(), "{name}");
        // The same command sends the rest.
        let again = command(&first, &PUSH, server.address, SECRET_KEY).output();
        let again = again.unwrap();
        assert_eq!(again.status.code(), Some(0), "{name}: {again:?}");
        let (another, run) = run_of_another(&name, server.address);
        assert_eq!((run.steps(), fetched(&run)), ((0, 4, 0), 4), "{name}");
        assert_eq!(results(&another), results(&first), "{name}");
    }
}

#[test]
fn what_a_run_could_not_send_before_it_was_killed_the_next_one_sends() {
    let Some(server) = S3Server::start() else {
        return;
    };
    let first = Person::new(4, &store("team", "both"));
    let run = ["run", "pipe.toml", "--json"];
    // The second request is the first that sends something.
    let proxy = FaultProxy::start(server.address, Fault::CutOff(1));
    let mut killed = command(&first, &run, proxy.address, SECRET_KEY)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let started = Instant::now();
    while proxy.requests.load(Ordering::SeqCst) < 2 {
        assert!(started.elapsed() < Duration::from_secs(60));
        std::thread::sleep(Duration::from_millis(5));
    }
    killed.kill().unwrap();
    killed.wait().unwrap();
    ended_well(&mut command(&first, &run, server.address, SECRET_KEY));
    let (another, run) = run_of_another("team", server.address);
    assert_eq!((run.steps(), fetched(&run)), ((0, 4, 0), 4));
    assert_eq!(results(&another), results(&first));
}
