//! What must hold after every run: the promises of the engine, compared with the model.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::path::Path;

use pipe_engine::exec::RunSummary;
use pipe_foundation::Digest;

use super::maintenance::Maintained;
use super::model::{Expected, Made};
use super::run::Ran;
use super::story::{CACHE, RUNS, Story};
use super::world::State;

/// What a run says of a cache that it may not write to.
const NOT_STORED: &str = "what is missing is computed but not stored";

/// A promise that was broken.
#[derive(Debug)]
pub struct Broken(pub String);

impl Broken {
    /// The promise, and what shows that it was broken.
    pub fn new(promise: &str, shown: impl Display) -> Self {
        Self(format!("{promise}: {shown}"))
    }
}

/// What was made, and need not be made again.
#[derive(Clone, Debug, Default)]
pub struct Done {
    /// By a process that lived long enough to say so.
    told: BTreeSet<Made>,
    /// By a run that came to its end: it is on the disk.
    kept: BTreeSet<Made>,
    /// What the results that were current last are made of; none where nobody knows.
    current: Option<BTreeSet<Made>>,
    /// Whether something that counts as done may be damaged: bits have flipped, or the disk has lost what it said it had.
    pub doubtful: bool,
    /// Whether the disk has ever lost what it said it had: nothing but an edit shows that a copy for people is wrong.
    pub copies_doubtful: bool,
}

impl Done {
    /// The power was cut; `lied` says that not everything was synced that was said to be.
    pub fn after_power_cut(&mut self, lied: bool) {
        if lied {
            self.doubt();
            self.copies_doubtful = true;
        }
        self.told = self.kept.clone();
    }

    /// Nothing is known to be there.
    pub fn doubt(&mut self) {
        self.doubtful = true;
        self.told.clear();
        self.kept.clear();
    }

    /// Everything is verified, and what was damaged is taken out.
    pub fn repaired(&mut self) {
        if self.doubtful {
            self.doubt();
        }
        self.doubtful = false;
    }

    /// A pruning leaves what the current results are made of, now or, if it is given, `before`.
    pub fn keep_current(&mut self, before: Option<&Self>) {
        let current = self.current.clone().unwrap_or_default();
        let also = before.and_then(|before| before.current.clone());
        let keeps = |made: &Made| {
            current.contains(made) && also.as_ref().is_none_or(|also| also.contains(made))
        };
        self.told.retain(keeps);
        self.kept.retain(keeps);
    }
}

fn all_made(expected: &Expected) -> BTreeSet<Made> {
    expected.made.values().flatten().cloned().collect()
}

/// What holds of runs that were at work at the same time, whatever befell them: no defect, no wrong result, and nothing
/// made again that was done.
pub fn any_runs(story: &mut Story<'_>, ran: &[Ran], expected: &Expected) -> Result<(), Broken> {
    {
        let mut state = story.world.state();
        for ran in ran {
            state.remark(|| description(ran));
        }
        if state.is_endless() {
            return Err(Broken::new(
                "every run ends",
                "it was stopped after too many operations",
            ));
        }
    }
    if let Some(panic) = ran.iter().find_map(|ran| ran.panic.as_ref()) {
        return Err(Broken::new("the engine has no defect", panic));
    }
    let mut computed: BTreeMap<&str, usize> = BTreeMap::new();
    for finished in ran.iter().flat_map(|ran| &ran.heard.finished) {
        let is_whole = matches!(expected.made[finished.step.as_str()][..], [Made::Whole(..)]);
        let made = match is_whole {
            true => usize::from(finished.executed),
            false => finished.computed,
        };
        *computed.entry(&finished.step).or_default() += made;
    }
    for (step, computed) in computed {
        let new = |made: &&Made| !story.done.told.contains(*made);
        let most = expected.made[step].iter().filter(new).count();
        if computed > most {
            let shown = format!("{computed} of {step}, where {most} were not done");
            return Err(Broken::new("what is done is not done again", shown));
        }
    }
    let mut all_complete = true;
    for ran in ran {
        let mut is_complete = false;
        if let Some(Ok(summary)) = &ran.summary {
            results(summary, expected)?;
            is_complete = summary.counts.failed + summary.counts.skipped == 0;
        }
        if ran.summary.is_some() {
            all_complete &= is_complete;
            story.done.current = all_complete.then(|| all_made(expected));
        } else if !ran.heard.failures.is_empty() || ran.heard.finished.len() == expected.made.len()
        {
            // It may have been killed right after it had recorded that it ended, as the latest run, and it may not.
            let all = ran.heard.failures.is_empty().then(|| all_made(expected));
            all_complete &= all.is_some();
            let both = |(all, before): (BTreeSet<Made>, BTreeSet<Made>)| &all & &before;
            story.done.current = all.zip(story.done.current.take()).map(both);
        }
        for finished in &ran.heard.finished {
            let made = &expected.made[finished.step.as_str()];
            let is_whole = matches!(made[..], [Made::Whole(..)]);
            let is_new = finished.executed && (is_whole || finished.computed == made.len());
            // What a record counts as done may be damaged, and so may items that it takes from runs before.
            if !is_new && story.done.doubtful {
                continue;
            }
            story.done.told.extend(made.iter().cloned());
            if is_complete {
                story.done.kept.extend(made.iter().cloned());
            }
        }
    }
    Ok(())
}

fn description(ran: &Ran) -> String {
    let end = match &ran.summary {
        None => "killed".to_owned(),
        Some(Ok(summary)) => format!("{:?}, {:?}", summary.counts, summary.items),
        Some(Err(error)) => format!("{error}"),
    };
    format!("a run: {end}; {:?}", ran.heard)
}

/// No result is another than the model's.
fn results(summary: &RunSummary, expected: &Expected) -> Result<(), Broken> {
    for (step, result) in summary.steps.iter().zip(&summary.results.steps) {
        let wanted = expected.digests[step.id.as_str()];
        if let Some(output) = &result.output
            && output.digest() != wanted
        {
            let shown = format!("{} is {}, not {wanted}", step.id, output.digest());
            return Err(Broken::new("no result is wrong", shown));
        }
    }
    Ok(())
}

/// A run that nothing disturbs does everything.
pub fn all_done(story: &Story<'_>, ran: &[Ran], expected: &Expected) -> Result<(), Broken> {
    let may_not_write = story.world.state().read_only.is_some();
    for ran in ran {
        let told = ran
            .heard
            .warnings
            .iter()
            .any(|said| said.contains(NOT_STORED));
        if told != may_not_write {
            return Err(Broken::new(
                "a run says whether it stores what it makes",
                told,
            ));
        }
        let summary = match &ran.summary {
            Some(Ok(summary)) => summary,
            Some(Err(error)) => return Err(Broken::new("a plain run succeeds", error)),
            None => return Err(Broken::new("a plain run succeeds", "it was killed")),
        };
        if summary.counts.failed + summary.counts.skipped > 0 {
            let shown = ran.heard.failures.join("; ");
            return Err(Broken::new("a plain run succeeds", shown));
        }
        if summary
            .results
            .steps
            .iter()
            .filter(|step| step.output.is_some())
            .count()
            < expected.digests.len()
        {
            return Err(Broken::new("a plain run succeeds", "a result is missing"));
        }
        let damage = |warning: &&String| {
            warning.contains("damaged") && !story.world.state().torn && !story.done.doubtful
        };
        let of_publishing = |warning: &&String| {
            warning.contains("cannot") && !(may_not_write && warning.contains(NOT_STORED))
        };
        let mut warnings = ran.heard.warnings.iter();
        if let Some(warning) = warnings.find(|warning| damage(warning) || of_publishing(warning)) {
            return Err(Broken::new("no damage is told that is not there", warning));
        }
    }
    Ok(())
}

/// The files of results have the content that the model gives them, in the cache and for people, unless a bit of them has
/// flipped, or the disk has lied: those are found when they are opened, or when everything is verified.
pub fn contents(story: &Story<'_>, expected: &Expected) -> Result<(), Broken> {
    files_are_right(&story.world.state(), expected, &story.done)
}

/// As [`contents`], by what is `done`.
pub fn files_are_right(state: &State, expected: &Expected, done: &Done) -> Result<(), Broken> {
    for (name, wanted) in &expected.files {
        let hex = Digest::of(wanted).hex();
        let object = Path::new(CACHE).join("objects").join(&hex[..2]).join(&hex);
        let copy = Path::new(RUNS).join("demo").join(name);
        for (path, doubtful) in [(object, done.doubtful), (copy, done.copies_doubtful)] {
            let node = state.disk.find(&path);
            let found = node.and_then(|node| Ok((node, state.disk.bytes(node)?)));
            let excused = |node| doubtful || state.disk.is_rotten(node);
            if !found.is_ok_and(|(node, found)| found == wanted || excused(node)) {
                let shown = format!("{} for {name}", path.display());
                return Err(Broken::new("files are what they count as", shown));
            }
        }
    }
    Ok(())
}

/// A run that has come to its end leaves nothing unfinished, also of runs before it that were killed.
pub fn nothing_left(story: &Story<'_>) -> Result<(), Broken> {
    let state = story.world.state();
    for folder in ["tmp", "unfinished"] {
        let files = state.disk.files(&Path::new(CACHE).join(folder));
        // Work of steps with other parameters stays for when they come again.
        let left = files
            .iter()
            .find(|(path, _)| folder == "tmp" || path.ends_with(".new"));
        if let Some((path, _)) = left {
            return Err(Broken::new("nothing unfinished is left", path.display()));
        }
    }
    Ok(())
}

/// A run right after another has nothing to do.
pub fn nothing_made(ran: &[Ran]) -> Result<(), Broken> {
    let finished = ran.iter().flat_map(|ran| &ran.heard.finished);
    for finished in finished {
        if finished.executed {
            return Err(Broken::new(
                "a run right after another has nothing to do",
                &finished.step,
            ));
        }
    }
    Ok(())
}

/// What holds of a pruning or verification.
pub fn maintained(
    story: &Story<'_>,
    maintained: &Maintained,
    disturbed: bool,
) -> Result<(), Broken> {
    let verified = match maintained {
        Err(_) if disturbed => return Ok(()),
        Err(error) => return Err(Broken::new("a plain maintenance succeeds", error)),
        Ok(None) => return Ok(()),
        Ok(Some(verified)) => verified,
    };
    let is_clean = !story.world.state().torn && !story.done.doubtful;
    if !disturbed && is_clean && !verified.is_whole() {
        let shown = format!("{:?} {:?}", verified.damaged, verified.unreadable);
        return Err(Broken::new("no damage is told that is not there", shown));
    }
    Ok(())
}
