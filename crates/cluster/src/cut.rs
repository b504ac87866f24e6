//! Cuts open work into arrays of jobs: like work together, each array after those that it takes results of.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use crate::job_array::{Dependency, DependencyKind, JobArray, Piece};
use crate::work::{Resources, Share, Work};

/// How work is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cut {
    /// Tasks that an array may have; their numbers stay below.
    pub most_tasks: usize,
    /// Items that a task should have at least, where several tasks share those of a unit.
    pub items_per_task: usize,
    /// Units that one task does side by side on its device.
    pub units_per_device: usize,
}

/// Where a unit was put that is submitted and not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed {
    /// The number of the array.
    pub array: usize,
    /// The number of the task.
    pub task: u32,
}

/// How a unit depends on one array.
struct Relation {
    tasks: BTreeSet<u32>,
    units: usize,
}

/// Work that goes into the same arrays.
type Class = (String, Resources, Vec<Dependency>);

/// Cuts the `open` units of `works` into arrays, with arrays before those that wait for them. The arrays get numbers from
/// `submitted.len()` on; `submitted` are those before, and `placed` says where units are in them that are not done yet.
pub fn cut(
    works: &[Work],
    open: &BTreeSet<usize>,
    submitted: &[JobArray],
    placed: &HashMap<usize, Placed>,
    cut: &Cut,
) -> Vec<JobArray> {
    let mut arrays = Arrays {
        submitted,
        new: Vec::new(),
        placed: placed.clone(),
        units_of: HashMap::new(),
    };
    for level in levels(works, open) {
        let mut classes: BTreeMap<Class, Vec<(usize, Option<u32>)>> = BTreeMap::new();
        for unit in level {
            let work = &works[unit];
            let (after, corresponding) = arrays.dependencies(work);
            let class = (work.like.clone(), work.resources, after);
            classes
                .entry(class)
                .or_default()
                .push((unit, corresponding));
        }
        for ((_, _, after), members) in classes {
            arrays.add(works, &members, after, cut);
        }
    }
    arrays.new
}

/// Arrays as they come to be.
struct Arrays<'a> {
    submitted: &'a [JobArray],
    new: Vec<JobArray>,
    placed: HashMap<usize, Placed>,
    /// How many units an array has, for those that were asked.
    units_of: HashMap<usize, usize>,
}

impl Arrays<'_> {
    fn array(&self, number: usize) -> &JobArray {
        match number.checked_sub(self.submitted.len()) {
            None => &self.submitted[number],
            Some(new) => &self.new[new],
        }
    }

    fn units(&mut self, number: usize) -> usize {
        if let Some(known) = self.units_of.get(&number) {
            return *known;
        }
        let pieces = self.array(number).tasks.values().flatten();
        let units: HashSet<usize> = pieces.map(|piece| piece.unit).collect();
        self.units_of.insert(number, units.len());
        units.len()
    }

    /// What `work` waits for, and the number that its task needs where it waits for the task of the same number.
    fn dependencies(&mut self, work: &Work) -> (Vec<Dependency>, Option<u32>) {
        let mut relations: BTreeMap<usize, Relation> = BTreeMap::new();
        for unit in &work.after {
            if let Some(placed) = self.placed.get(unit) {
                let relation = relations.entry(placed.array).or_insert(Relation {
                    tasks: BTreeSet::new(),
                    units: 0,
                });
                relation.tasks.insert(placed.task);
                relation.units += 1;
            }
        }
        let mut corresponding = None;
        let mut after = Vec::new();
        for (array, Relation { tasks, units }) in relations {
            let takes_all = units == self.units(array);
            let kind = match tasks.first() {
                _ if !work.needs_all => DependencyKind::AfterAny,
                _ if takes_all => DependencyKind::AfterOk,
                Some(task)
                    if tasks.len() == 1 && corresponding.is_none_or(|known| known == *task) =>
                {
                    corresponding = Some(*task);
                    DependencyKind::AfterCorresponding
                }
                // It looks itself whether what it needs is there.
                _ => DependencyKind::AfterAny,
            };
            after.push(Dependency { array, kind });
        }
        (after, corresponding)
    }

    /// Adds arrays for like units that wait for the same.
    fn add(
        &mut self,
        works: &[Work],
        members: &[(usize, Option<u32>)],
        after: Vec<Dependency>,
        cut: &Cut,
    ) {
        let whole = |unit| Piece { unit, share: None };
        let Some(&(first, _)) = members.first() else {
            return;
        };
        let work = &works[first];
        if let Some(items) = work.items {
            for &(unit, _) in members {
                let items = works[unit].items.unwrap_or(items);
                let shares = (items / cut.items_per_task.max(1)).clamp(1, cut.most_tasks.max(1));
                let mut after = after.clone();
                if shares > 1 {
                    let share = |number| Share { number, of: shares };
                    let tasks = (0..shares).map(|number| {
                        let piece = Piece {
                            unit,
                            share: Some(share(number)),
                        };
                        (number as u32, vec![piece])
                    });
                    let number = self.push(&works[unit], tasks.collect(), after, 1);
                    after = vec![Dependency {
                        array: number,
                        kind: DependencyKind::AfterOk,
                    }];
                }
                self.push(
                    &works[unit],
                    BTreeMap::from([(0, vec![whole(unit)])]),
                    after,
                    1,
                );
            }
            return;
        }
        let together = match work.shares_device {
            true => cut.units_per_device.max(1),
            false => 1,
        };
        let mut tasks: BTreeMap<u32, Vec<Piece>> = BTreeMap::new();
        let per_task = together.max(members.len().div_ceil(cut.most_tasks.max(1)));
        for (place, &(unit, corresponding)) in members.iter().enumerate() {
            let task = corresponding.unwrap_or((place / per_task) as u32);
            tasks.entry(task).or_default().push(whole(unit));
        }
        self.push(work, tasks, after, together);
    }

    fn push(
        &mut self,
        work: &Work,
        tasks: BTreeMap<u32, Vec<Piece>>,
        after: Vec<Dependency>,
        together: usize,
    ) -> usize {
        let number = self.submitted.len() + self.new.len();
        for (&task, pieces) in &tasks {
            for piece in pieces {
                // The task that makes the result is the last that a unit is put into.
                self.placed.insert(
                    piece.unit,
                    Placed {
                        array: number,
                        task,
                    },
                );
            }
        }
        let most = tasks.values().map(Vec::len).max().unwrap_or(1);
        let asked = work.resources;
        self.new.push(JobArray {
            title: work.title.clone(),
            tasks,
            after,
            resources: Resources {
                memory_bytes: asked.memory_bytes * most.min(together) as u64,
                minutes: asked.minutes * most.div_ceil(together) as u64,
                ..asked
            },
        });
        number
    }
}

/// Open units by how many open ones are before each: those of one level do not depend on each other.
fn levels(works: &[Work], open: &BTreeSet<usize>) -> Vec<Vec<usize>> {
    let mut waiting: HashMap<usize, usize> = HashMap::new();
    let mut dependents: HashMap<usize, Vec<usize>> = HashMap::new();
    for &unit in open {
        let before = works[unit]
            .after
            .iter()
            .filter(|other| open.contains(other));
        let mut count = 0;
        for &other in before {
            dependents.entry(other).or_default().push(unit);
            count += 1;
        }
        waiting.insert(unit, count);
    }
    let mut levels = Vec::new();
    let mut level: Vec<usize> = open
        .iter()
        .copied()
        .filter(|unit| waiting[unit] == 0)
        .collect();
    while !level.is_empty() {
        let mut next = Vec::new();
        for unit in &level {
            for dependent in dependents.get(unit).into_iter().flatten() {
                if let Some(count) = waiting.get_mut(dependent) {
                    *count -= 1;
                    if *count == 0 {
                        next.push(*dependent);
                    }
                }
            }
        }
        next.sort_unstable();
        levels.push(std::mem::replace(&mut level, next));
    }
    levels
}

#[cfg(test)]
mod tests;
