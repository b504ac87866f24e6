//! Which accelerator each unit computes on: those that share work stay together, and each accelerator has as many as the
//! others.

use crate::stage::Device;

/// What units have in common that share work on one accelerator; 0 where a unit shares with nobody.
pub type Likeness = u64;

/// One accelerator and who is at it.
#[derive(Debug)]
struct Place {
    number: usize,
    at_work: Vec<Likeness>,
    failed: bool,
}

/// The accelerators of a plan; none where it computes on the processor.
#[derive(Debug)]
pub struct Accelerators {
    places: Vec<Place>,
}

impl Accelerators {
    /// Those of `device`, with nobody at work.
    pub fn of(device: &Device) -> Self {
        let place = |number| Place {
            number,
            at_work: Vec::new(),
            failed: false,
        };
        Self {
            places: (device.accelerators.iter())
                .map(|accelerator| place(accelerator.number))
                .collect(),
        }
    }

    /// How many can be used.
    pub fn count(&self) -> usize {
        let whole = self.places.iter().filter(|place| !place.failed).count();
        whole.max(self.places.len().min(1))
    }

    /// Gives each of some units that start together a place, by the likeness of each, in their order. None where there
    /// are no accelerators.
    ///
    /// Every place gets as many units as the others, as far as those at work allow; where that leaves a choice, a unit goes to
    /// where most of its like are, then to where least are at work, then to one that is not `lent` to a program, then to the
    /// first.
    pub fn spread(&mut self, units: &[Likeness], lent: &[usize]) -> Vec<Option<usize>> {
        // Where all have failed, whoever goes there finds it out and says so.
        let all_failed = self.places.iter().all(|place| place.failed);
        let usable: Vec<usize> = (0..self.places.len())
            .filter(|&place| all_failed || !self.places[place].failed)
            .collect();
        if usable.is_empty() {
            return vec![None; units.len()];
        }
        let at_work: usize = (usable.iter())
            .map(|&place| self.places[place].at_work.len())
            .sum();
        let fair = (at_work + units.len()).div_ceil(usable.len());
        let mut order: Vec<usize> = (0..units.len()).collect();
        let first_like = |unit: usize| match units[unit] {
            0 => unit,
            likeness => (units.iter().position(|other| *other == likeness)).unwrap_or(unit),
        };
        order.sort_by_key(|&unit| (first_like(unit), unit));
        let mut given = vec![None; units.len()];
        for unit in order {
            let place = usable.iter().copied().min_by_key(|&place| {
                let Place {
                    number, at_work, ..
                } = &self.places[place];
                let alike = |other: &&Likeness| **other != 0 && **other == units[unit];
                let alike = at_work.iter().filter(alike).count();
                let is_full = at_work.len() >= fair;
                let is_lent = lent.contains(number);
                (is_full, usize::MAX - alike, at_work.len(), is_lent, place)
            });
            if let Some(place) = place {
                self.places[place].at_work.push(units[unit]);
            }
            given[unit] = place;
        }
        given
    }

    /// Ends a unit at a place.
    pub fn leave(&mut self, place: usize, unit: Likeness) {
        let Some(place) = self.places.get_mut(place) else {
            return;
        };
        if let Some(at) = place.at_work.iter().position(|own| *own == unit) {
            place.at_work.remove(at);
        }
    }

    /// Lets nothing start any more at a place that has failed; true where another can be used.
    pub fn retire(&mut self, place: usize) -> bool {
        if let Some(place) = self.places.get_mut(place) {
            place.failed = true;
        }
        self.places.iter().any(|place| !place.failed)
    }

    /// Whether somebody is at work on the device with a number.
    pub fn is_busy(&self, number: usize) -> bool {
        let mut places = self.places.iter();
        places.any(|place| place.number == number && !place.at_work.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use crate::stage::Accelerator;

    use super::*;

    fn accelerators(numbers: &[usize]) -> Accelerators {
        let accelerator = |&number: &usize| Accelerator {
            name: format!("card:{number}"),
            number,
        };
        Accelerators::of(&Device {
            accelerators: numbers.iter().map(accelerator).collect(),
            ..Device::default()
        })
    }

    fn spread(accelerators: &mut Accelerators, units: &[Likeness]) -> Vec<usize> {
        let given = accelerators.spread(units, &[]);
        given.into_iter().map(Option::unwrap).collect()
    }

    #[test]
    fn units_that_share_work_stay_together_as_far_as_all_have_as_many() {
        let all = |numbers: &[usize], units: &[Likeness]| spread(&mut accelerators(numbers), units);
        assert_eq!(all(&[0, 1], &[7, 8, 7, 8, 7, 8]), [0, 1, 0, 1, 0, 1]);
        // One group is cut, and the rest of it meets a smaller one.
        assert_eq!(all(&[0, 1], &[7, 7, 7, 7, 8, 8]), [0, 0, 0, 1, 1, 1]);
        assert_eq!(
            all(&[0, 1], &[7, 7, 7, 8, 8, 8, 9, 9]),
            [0, 0, 0, 1, 1, 1, 0, 1]
        );
        assert_eq!(all(&[4, 2, 5], &[0; 6]), [0, 1, 2, 0, 1, 2]);
        assert_eq!(all(&[3], &[7, 8, 9]), [0, 0, 0]);
    }

    #[test]
    fn who_comes_later_joins_its_like_unless_that_is_full() {
        let mut own = accelerators(&[0, 1]);
        assert_eq!(spread(&mut own, &[7, 7, 8, 8]), [0, 0, 1, 1]);
        assert_eq!(spread(&mut own, &[8, 7]), [1, 0]);
        own.leave(0, 7);
        own.leave(0, 7);
        // One at the first, three at the second.
        assert_eq!(spread(&mut own, &[8, 8]), [0, 0]);
    }

    #[test]
    fn an_accelerator_that_is_lent_to_a_program_is_taken_last() {
        let mut own = accelerators(&[0, 1]);
        assert_eq!(own.spread(&[0], &[0]), [Some(1)]);
        assert_eq!(own.spread(&[0], &[0]), [Some(0)]);
        assert!(own.is_busy(0) && own.is_busy(1) && !own.is_busy(2));
    }

    #[test]
    fn nothing_starts_where_one_has_failed_unless_all_have() {
        let mut own = accelerators(&[0, 1]);
        assert!(own.retire(0));
        assert_eq!(own.count(), 1);
        assert_eq!(spread(&mut own, &[7, 7, 8]), [1, 1, 1]);
        assert!(!own.retire(1));
        assert_eq!(spread(&mut own, &[9, 9]), [0, 0]);
    }

    #[test]
    fn on_the_processor_there_is_nothing_to_give() {
        assert_eq!(accelerators(&[]).spread(&[0, 7], &[]), [None, None]);
        assert_eq!(accelerators(&[]).count(), 0);
    }
}
