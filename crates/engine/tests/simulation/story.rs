//! What happens in one seed: texts and parameters are edited, runs are made and disturbed, the cache is pruned, verified
//! and rots, and between all of that a plain run must come to what the model says.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::checks::{self, Broken, Done};
use super::disk::Times;
use super::faults::{Faults, power_cut};
use super::maintenance::{Maintenance, maintain};
use super::model::{Expected, Parameters, Texts};
use super::process::Process;
use super::run::{Ran, run};
use super::world::{Machine, World};

/// Where the texts are.
pub const TEXTS: &str = "/texts";
/// Where the cache is.
pub const CACHE: &str = "/cache";
/// Where results for people are.
pub const RUNS: &str = "/runs";

pub(super) const SECOND_NS: i64 = 1_000_000_000;
/// A run from nothing takes about so many operations.
const OPERATIONS: u64 = 900;

/// What became of a seed.
pub struct Played {
    /// The number of operations, and what identifies all of them.
    pub fingerprint: (u64, u64),
    /// What was broken.
    pub broken: Result<(), Broken>,
    /// The operations in words, where they were wanted.
    pub told: Vec<String>,
}

/// One seed in progress.
pub struct Story<'a> {
    /// The world.
    pub world: Arc<World>,
    /// Chance of what happens, apart from that of the world.
    pub random: ChaCha8Rng,
    manifest: &'a Path,
    pub(super) texts: Texts,
    pub(super) parameters: Parameters,
    /// Every state that the text files had, with their content: so that none has the same times with another.
    pub(super) states: BTreeSet<(String, usize, Times, Vec<u8>)>,
    /// What need not be made again.
    pub done: Done,
}

/// Plays a seed with the manifest at `manifest`; tells of each operation if that is wanted.
pub fn play(seed: u64, manifest: &Path, told: bool) -> Played {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let machine = Machine {
        step_ns: [1, 4_000_000, 10_000_000, SECOND_NS, 2 * SECOND_NS][random.gen_range(0..5)],
        ahead_ns: [0, 0, 0, -40 * SECOND_NS, 40 * SECOND_NS, 3_000_000][random.gen_range(0..6)],
        two_devices: random.gen_bool(0.3),
        switch_percent: [5, 20, 50][random.gen_range(0..3)],
        reuses_inodes: random.gen_bool(0.7),
    };
    let world = World::new(random.r#gen(), machine, told);
    let mut story = Story {
        world: world.clone(),
        random,
        manifest,
        texts: Texts::new(),
        parameters: Parameters { salt: 1, rounds: 2 },
        states: BTreeSet::new(),
        done: Done::default(),
    };
    let broken = story.play();
    let mut state = world.state();
    Played {
        fingerprint: state.fingerprint(),
        broken,
        told: state.told.take().unwrap_or_default(),
    }
}

impl Story<'_> {
    fn play(&mut self) -> Result<(), Broken> {
        {
            let mut state = self.world.state();
            for folder in [TEXTS, RUNS] {
                let now_ns = state.disk_ns();
                let made = state.disk.create_folder(Path::new(folder), now_ns);
                made.map_err(|error| Broken::new("the beginning", error))?;
            }
            let temporary = std::env::temp_dir();
            for folder in temporary.ancestors().collect::<Vec<_>>().into_iter().rev() {
                let now_ns = state.disk_ns();
                // It may be below one that is there.
                let _ = state.disk.create_folder(folder, now_ns);
            }
            state.disk.sync_everything();
        }
        for name in ["a", "b", "c"] {
            let text = self.text(name);
            self.write(name, text);
        }
        for _ in 0..self.random.gen_range(2..6) {
            self.edit();
            self.wait();
            match self.random.gen_range(0..10) {
                0..5 => self.disturbed_run()?,
                5..8 => self.two_at_once()?,
                _ => {}
            }
            self.wait();
            self.happening()?;
            self.plain_run()?;
            if self.random.gen_bool(0.3) {
                self.edit();
            }
            if self.random.gen_bool(0.15) {
                self.read_only_run()?;
            }
        }
        self.repair()
    }

    /// Some time passes, and sometimes the clock is set.
    fn wait(&mut self) {
        let waits_ns = [0, 15_000_000, SECOND_NS, 3 * SECOND_NS, 100 * SECOND_NS];
        let by_ns = waits_ns[self.random.gen_range(0..5)];
        let mut state = self.world.state();
        state.pass(by_ns as u64);
        if self.random.gen_bool(0.05) {
            state.set_clock(self.random.gen_range(-5000 * SECOND_NS..5000 * SECOND_NS));
        }
    }

    fn expected(&self) -> Expected {
        Expected::of(&self.texts, self.parameters)
    }

    /// Faults for what comes next.
    fn disturb(&mut self) {
        let (count, within) = (
            self.random.gen_range(1..3),
            self.random.gen_range(10..OPERATIONS),
        );
        let faults = Faults::draw(&mut self.random, count, within);
        let mut state = self.world.state();
        state.remark(|| format!("{faults:?}"));
        state.faults = faults;
    }

    /// Nothing is to go wrong any more; what is known to be done is brought up to date.
    fn calm(&mut self, cuts_before: u32) {
        let mut state = self.world.state();
        state.faults = Faults::default();
        if state.power_cuts > cuts_before {
            self.done.after_power_cut(state.lost_sync);
            state.lost_sync = false;
        }
    }

    fn cuts(&self) -> u32 {
        self.world.state().power_cuts
    }

    fn disturbed_run(&mut self) -> Result<(), Broken> {
        let cuts = self.cuts();
        self.disturb();
        let process = Process::start(&self.world);
        let ran = run(&process, self.manifest, self.parameters);
        let expected = self.expected();
        checks::any_runs(self, &[ran], &expected)?;
        self.calm(cuts);
        Ok(())
    }

    /// Two processes at once, of which the second may be a pruning; sometimes with faults.
    fn two_at_once(&mut self) -> Result<(), Broken> {
        let cuts = self.cuts();
        let disturbed = self.random.gen_bool(0.5);
        if disturbed {
            self.disturb();
        }
        let both_run = self.random.gen_bool(0.7);
        let what = Maintenance::draw(&mut self.random);
        let (first, second) = (Process::start(&self.world), Process::start(&self.world));
        let (manifest, parameters) = (self.manifest, self.parameters);
        let (one, other, maintained) = std::thread::scope(|scope| {
            let beside = scope.spawn(|| match both_run {
                true => (Some(run(&second, manifest, parameters)), None),
                false => (None, Some(maintain(&second, what))),
            });
            let one = run(&first, manifest, parameters);
            let (other, maintained) = beside.join().expect("panics are caught");
            (one, other, maintained)
        });
        let expected = self.expected();
        let both: Vec<Ran> = std::iter::once(one).chain(other).collect();
        let before = self.done.clone();
        let removes = !matches!(what, Maintenance::Verify { .. }) || self.done.doubtful;
        let removes = maintained.is_some() && removes;
        if removes {
            // It may have come first, or last.
            self.done.keep_current(None);
        }
        checks::any_runs(self, &both, &expected)?;
        if !disturbed {
            checks::all_done(self, &both, &expected)?;
        }
        if removes {
            self.done.keep_current(Some(&before));
        }
        if let (false, Some(Err(error))) = (disturbed, &maintained) {
            return Err(Broken::new("maintenance beside a run", error));
        }
        self.calm(cuts);
        Ok(())
    }

    /// What happens between runs: power cuts, rot, pruning.
    fn happening(&mut self) -> Result<(), Broken> {
        let cuts = self.cuts();
        match self.random.gen_range(0..10) {
            0..2 => {
                let how = power_cut(&mut self.random);
                let mut state = self.world.state();
                state.remark(|| format!("{how:?}"));
                state.cut_power(how);
            }
            2..4 => {
                let disturbed = self.random.gen_bool(0.4);
                if disturbed {
                    self.disturb();
                }
                let what = Maintenance::draw(&mut self.random);
                let process = Process::start(&self.world);
                let maintained = maintain(&process, what);
                checks::maintained(self, &maintained, disturbed)?;
                match what {
                    Maintenance::Verify { repair: true } if self.done.doubtful => self.done.doubt(),
                    Maintenance::Verify { .. } => {}
                    _ => self.done.keep_current(None),
                }
            }
            4..6 => self.rot(),
            _ => {}
        }
        self.calm(cuts);
        Ok(())
    }

    /// Bits flip in files of the cache and of results, but for the one that says which format the cache has: that refuses
    /// work, as it should.
    fn rot(&mut self) {
        let mut state = self.world.state();
        let mut files: Vec<(PathBuf, usize)> = state.disk.files(Path::new(CACHE));
        files.extend(state.disk.files(Path::new(RUNS)));
        files.retain(|(path, _)| !path.ends_with("VERSION"));
        for _ in 0..self.random.gen_range(1..3) {
            if let Some((path, node)) = files.choose(&mut self.random) {
                state.disk.flip(*node, &mut self.random);
                state.remark(|| format!("a bit flips in {}", path.display()));
            }
        }
        self.done.doubt();
    }

    /// A run that nothing disturbs must come to what the model says; another one then has nothing to do.
    fn plain_run(&mut self) -> Result<(), Broken> {
        let expected = self.expected();
        for round in 0..self.random.gen_range(1..3) {
            let process = Process::start(&self.world);
            let ran = [run(&process, self.manifest, self.parameters)];
            checks::any_runs(self, &ran, &expected)?;
            checks::all_done(self, &ran, &expected)?;
            checks::contents(self, &expected)?;
            checks::nothing_left(self)?;
            if round > 0 {
                checks::nothing_made(&ran)?;
            }
        }
        if self.random.gen_bool(0.2) {
            let process = Process::start(&self.world);
            let verified = maintain(&process, Maintenance::Verify { repair: false });
            checks::maintained(self, &verified, false)?;
        }
        Ok(())
    }

    /// A run that may not write to the cache uses what is in it, makes the rest, and leaves the cache as it was.
    fn read_only_run(&mut self) -> Result<(), Broken> {
        let cuts = self.cuts();
        let disturbed = self.random.gen_bool(0.5);
        if disturbed {
            self.disturb();
        }
        let before = {
            let mut state = self.world.state();
            state.read_only = Some(CACHE);
            state.remark(|| "the cache may not be written".to_owned());
            state.disk.contents(Path::new(CACHE))
        };
        let known = self.done.clone();
        let process = Process::start(&self.world);
        let ran = [run(&process, self.manifest, self.parameters)];
        let expected = self.expected();
        checks::any_runs(self, &ran, &expected)?;
        if !disturbed {
            checks::all_done(self, &ran, &expected)?;
        }
        // What it has made is gone with it.
        self.done = known;
        let mut state = self.world.state();
        state.read_only = None;
        if state.power_cuts == cuts && state.disk.contents(Path::new(CACHE)) != before {
            let promise = "a cache that may not be written stays as it is";
            return Err(Broken::new(promise, "something in it has changed"));
        }
        drop(state);
        self.calm(cuts);
        Ok(())
    }

    /// At the end the cache is repaired, a plain run follows, and then everything is whole.
    fn repair(&mut self) -> Result<(), Broken> {
        let process = Process::start(&self.world);
        let repaired = maintain(&process, Maintenance::Verify { repair: true });
        checks::maintained(self, &repaired, false)?;
        self.world.state().torn = false;
        self.done.repaired();
        self.plain_run()?;
        let process = Process::start(&self.world);
        let verified = maintain(&process, Maintenance::Verify { repair: false });
        checks::maintained(self, &verified, false)
    }
}
