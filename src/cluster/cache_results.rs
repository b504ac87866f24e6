//! The results of units, as they appear in the cache.

use std::collections::BTreeSet;

use pipe_cluster::{ClusterError, Results};
use pipe_engine::exec::{PlanUnit, Watch};

/// The results of units, as they appear in the cache.
pub struct CacheResults<'a, 'p> {
    /// What is known of the steps.
    pub watch: &'a mut Watch<'p>,
    /// The units.
    pub units: &'a [PlanUnit],
}

impl CacheResults<'_, '_> {
    fn is_made(&self, unit: usize) -> bool {
        let mut steps = self.units[unit].steps.iter();
        steps.all(|&step| self.watch.is_made(step))
    }
}

impl Results for CacheResults<'_, '_> {
    fn appeared(&mut self, open: &BTreeSet<usize>) -> Result<Vec<usize>, ClusterError> {
        let looked = self.watch.look();
        looked.map_err(|error| ClusterError::Results(Box::new(error)))?;
        let made = open.iter().copied().filter(|&unit| self.is_made(unit));
        Ok(made.collect())
    }

    fn can_go_on(&self, unit: usize) -> bool {
        let mut steps = self.units[unit].steps.iter();
        steps.any(|&step| self.watch.is_unfinished(step))
    }

    fn key(&self, unit: usize) -> Option<String> {
        let PlanUnit {
            steps, is_group, ..
        } = &self.units[unit];
        let key = self.watch.key(steps[0]).filter(|_| !is_group)?;
        Some(key.hex())
    }

    fn given_up(&mut self, unit: usize) {
        let steps = self.units[unit].steps.iter();
        steps.for_each(|&step| self.watch.give_up(step));
    }
}
