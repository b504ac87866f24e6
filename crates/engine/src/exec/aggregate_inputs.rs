//! What an aggregate step takes: what the steps before it made, or what sources list.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use crate::cache::StepOutput;
use crate::plan::lineage;
use crate::stage::{InputContent, InputLabel, Stage, StepInput};

use super::aggregate::{AggregateRun, Stopped};
use super::aggregate_key::label;
use super::declared_files::DeclaredFileError;
use super::observer::StepProgress;

impl AggregateRun<'_> {
    /// Makes sure that all files among the inputs of `step` have the content that they had when they were made.
    pub(super) fn open_inputs(&self, step: usize) -> Result<(), Stopped> {
        let mut damaged = BTreeSet::new();
        for input in self.plan().steps[step].input_steps() {
            if let Some(StepOutput::Files(files)) = self.outputs.get(input).map(Arc::as_ref) {
                for file in &files.files {
                    if self.cache().objects.open(&file.digest)?.is_none() {
                        damaged.insert(file.digest);
                    }
                }
            }
        }
        match damaged.is_empty() {
            true => Ok(()),
            false => Err(Stopped::Damaged(damaged)),
        }
    }

    /// Labels of the inputs that could not be made.
    pub(super) fn missing(&self, step: usize) -> Vec<InputLabel> {
        let declared = &self.plan().steps[step];
        let is_missing = |input: &usize| match declared.takes_listings() {
            true => self.resolver.listing(*input).is_none(),
            false => self.outputs.get(*input).is_none(),
        };
        let inputs = declared.input_steps();
        inputs
            .filter(is_missing)
            .map(|input| label(self.plan(), input))
            .collect()
    }

    pub(super) fn inputs(
        &self,
        step: usize,
        scratch: &Path,
        threads: usize,
        progress: &StepProgress<'_>,
    ) -> miette::Result<Vec<StepInput>> {
        let mut inputs = Vec::new();
        let declared = &self.plan().steps[step];
        for (parameter, input) in &declared.inputs {
            let content = match declared.takes_listings() {
                true => (self.resolver.listing(*input))
                    .map(|listing| InputContent::Listing(Arc::new(listing.clone()))),
                false => self.made(*input, scratch, threads, progress)?,
            };
            let Some(content) = content else {
                continue;
            };
            inputs.push(StepInput {
                parameter: parameter.clone(),
                step: self.plan().steps[*input].id().into(),
                label: label(self.plan(), *input),
                lineage: lineage(self.plan(), *input, &self.resolver.cache.files),
                content,
            });
        }
        Ok(inputs)
    }

    /// What the step `input` made; none where it could not.
    fn made(
        &self,
        input: usize,
        scratch: &Path,
        threads: usize,
        progress: &StepProgress<'_>,
    ) -> miette::Result<Option<InputContent>> {
        let Some(output) = self.outputs.get(input) else {
            return Ok(None);
        };
        if let Some(group) = self.resolver.group_of(input) {
            let wanted = Some(output.digest());
            let items = group.load(input, wanted, scratch, threads, progress)?;
            return Ok(Some(InputContent::Items(items)));
        }
        let files = match output.as_ref() {
            StepOutput::Files(files) => &files.files[..],
            StepOutput::Items { .. } => &[],
        };
        let files = files.iter().map(|file| {
            let path = self.cache().objects.path(&file.digest);
            (file.name.clone(), path)
        });
        Ok(Some(InputContent::Files(files.collect())))
    }

    /// Makes sure that the files behind the listings that `step` takes are as they were when they were listed.
    pub(super) fn check_listed_files(&self, step: usize) -> Result<(), DeclaredFileError> {
        let declared = &self.plan().steps[step];
        let inputs = declared.input_steps().filter(|_| declared.takes_listings());
        for input in inputs {
            let (Some(listing), Stage::Source(source)) = (
                self.resolver.listing(input),
                &self.plan().steps[input].stage,
            ) else {
                continue;
            };
            // Many items may be parts of one file.
            let paths = listing.items.iter().filter_map(|item| source.file_of(item));
            let paths: BTreeSet<&Path> = paths.collect();
            let changed = paths.into_iter().find(|path| {
                let is_unchanged = self.cache().files.is_unchanged(path);
                !is_unchanged.unwrap_or(false)
            });
            if let Some(path) = changed {
                let path = path.to_path_buf();
                return Err(DeclaredFileError::Changed { path });
            }
        }
        Ok(())
    }
}
