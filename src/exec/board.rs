//! The board of a run: what is known of the steps so far, and what follows for those after them.

use std::collections::HashMap;

use crate::artifact::KeyMaterial;
use crate::cache::{Cache, CacheError, StepOutput};
use crate::digest::Digest;
use crate::plan::Plan;
use crate::stage::Stage;

use super::failure::Failure;
use super::group::Group;
use super::observer::{Event, Observer, Status};
use super::outcome::StepResult;
use super::publish::Publisher;
use super::schedule::{Unit, UnitState, ready_units};
use super::whole::whole_material;

/// What is known of the steps so far.
pub struct Board<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// The cache.
    pub cache: &'a Cache,
    /// Who hears of it.
    pub observer: &'a dyn Observer,
    /// Puts results where people look.
    pub publisher: Publisher<'a>,
    /// How steps ended, by step.
    pub results: HashMap<usize, StepResult>,
    /// Whether a failure stops what does not need the failed step.
    pub keep_going: bool,
    /// Why the cache cannot be used any more.
    pub error: Option<CacheError>,
}

impl Board<'_> {
    /// Results of the steps that are done.
    pub fn outputs(&self) -> HashMap<usize, StepOutput> {
        self.results
            .iter()
            .filter_map(|(step, result)| Some((*step, result.output.clone()?)))
            .collect()
    }

    /// True once nothing more may be started because of a failure.
    pub fn stopped(&self) -> bool {
        let failed = |result: &StepResult| result.status == Status::Failed;
        !self.keep_going && self.results.values().any(failed)
    }

    /// Digests of the inputs, as far as the step can work with what there is.
    fn input_digests(&self, step: usize) -> Option<Vec<Option<Digest>>> {
        let output = |input: usize| Some(self.results.get(&input)?.output.as_ref()?.digest());
        let declared = &self.plan.steps[step];
        let digests: Vec<Option<Digest>> = declared.input_steps().map(output).collect();
        let does_without = matches!(&declared.stage, Stage::Whole(stage) if stage.does_without());
        let enough = match does_without && self.keep_going {
            true => digests.iter().any(Option::is_some),
            false => digests.iter().all(Option::is_some),
        };
        enough.then_some(digests)
    }

    /// What a whole-set unit depends on; none for groups, and where an input is missing.
    pub fn material_of(&self, unit: &Unit) -> Option<KeyMaterial> {
        let digests = self
            .input_digests(unit.steps[0])
            .filter(|_| unit.group.is_none())?;
        whole_material(self.plan, self.cache, unit.steps[0], &digests).ok()
    }

    /// Takes the results of all ready units that need no core: hits and hopeless ones. What is ready then must run.
    pub fn settle(
        &mut self,
        units: &[Unit],
        state: &mut [UnitState],
        groups: &[Group<'_>],
    ) -> Vec<usize> {
        loop {
            let ready = ready_units(units, state);
            let mut settled = false;
            for &index in &ready {
                if let Some(results) = self.settle_at_once(&units[index], groups) {
                    self.take(results);
                    state[index] = UnitState::Done;
                    settled = true;
                }
            }
            if !settled {
                return ready;
            }
        }
    }

    /// The results of a unit that needs no work: everything is in the cache, or it cannot run.
    fn settle_at_once(
        &mut self,
        unit: &Unit,
        groups: &[Group<'_>],
    ) -> Option<Vec<(usize, StepResult)>> {
        if let Some(group) = unit.group {
            let standings = groups[group].survey().ok()?;
            if !unit
                .steps
                .iter()
                .all(|step| standings.get(step).is_some_and(|s| s.output.is_some()))
            {
                return None;
            }
            return Some(
                unit.steps
                    .iter()
                    .filter_map(|step| Some((*step, super::group::hit(standings.get(step)?)?)))
                    .collect(),
            );
        }
        let step = unit.steps[0];
        let Some(digests) = self.input_digests(step) else {
            return Some(vec![(step, StepResult::skipped())]);
        };
        let material = match whole_material(self.plan, self.cache, step, &digests) {
            Ok(material) => material,
            Err(error) => {
                let report =
                    miette::Report::msg(format!("cannot read a file it depends on: {error}"));
                return Some(vec![(step, StepResult::failed(report, None))]);
            }
        };
        // What cannot be read now, the unit's own look-up meets again and tells of.
        let record = self.cache.finished(&material.key()).ok()??;
        Some(vec![(
            step,
            StepResult {
                status: Status::Hit,
                material: Some(material),
                output: Some(record.output),
                ..StepResult::skipped()
            },
        )])
    }

    pub fn take(&mut self, results: Vec<(usize, StepResult)>) {
        for (step, mut result) in results {
            let id = self.plan.steps[step].id();
            if !result.kept.is_empty() {
                match self.publisher.kept(step, &result.kept) {
                    Ok(folder) => {
                        let with = |report| miette::Report::new(Failure::new(report, folder));
                        result.error = result.error.map(with);
                    }
                    Err(error) => self.publisher.failed(step, &error, self.observer),
                }
            }
            if let Some(report) = &result.error {
                self.observer.failure(id, report);
                let causes: Vec<String> = report.chain().map(ToString::to_string).collect();
                self.observer.event(&Event::StepFailed {
                    step: id.into(),
                    error: causes.join(": "),
                    code: report.code().map(|code| code.to_string()),
                    help: report.help().map(|help| help.to_string()),
                });
            }
            self.observer.event(&Event::StepFinished {
                step: id.into(),
                status: result.status,
                key: result
                    .material
                    .as_ref()
                    .map(|material| material.key().hex()),
                seconds: result.seconds,
                computed: result.computed,
                reused: result.reused,
                bad: result.bad,
            });
            let published = match &result.output {
                Some(StepOutput::Files(files)) => self.publisher.files(step, files),
                Some(StepOutput::Items { bad, .. }) => self.publisher.set_aside(step, bad),
                None => Ok(()),
            };
            if let Err(error) = published {
                self.publisher.failed(step, &error, self.observer);
            }
            self.results.insert(step, result);
        }
    }
}
