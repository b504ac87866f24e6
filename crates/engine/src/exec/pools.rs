//! What units at work share: cores, memory, places at the device, and the one place for groups of item-wise steps.

use crate::stage::{CoreShare, Device};

use super::accelerators::{Accelerators, Likeness};

/// Units that wait for an accelerator at once at most: each has a thread and memory of its own.
const MOST_AT_DEVICE: usize = 64;

/// What a unit asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    /// Cores it can use well.
    pub cores: usize,
    /// Bytes of memory it needs by its own estimate; 0 always fits.
    pub memory_bytes: u64,
    /// Devices that it needs for itself.
    pub devices: usize,
    /// True when a device does the work and the unit only waits for it: it takes no core.
    pub waits_for_device: bool,
    /// True for a group of item-wise steps. It spreads over all cores by itself, and two at once would both compute
    /// the items that they share.
    pub is_group: bool,
}

/// A unit at work and what it has taken.
#[derive(Debug)]
pub struct Taken {
    request: Request,
    /// Its cores.
    pub share: CoreShare,
    /// Numbers of the devices that are its own.
    pub devices: Vec<usize>,
    /// Its place among the accelerators and what it shares work by there, once it has one.
    pub accelerator: Option<(usize, Likeness)>,
}

/// What is left for units that start.
#[derive(Debug)]
pub struct Pools {
    cores: usize,
    at_device: usize,
    memory_bytes: u64,
    memory_limit_bytes: u64,
    /// Numbers of the devices that are free.
    devices: Vec<usize>,
    device_count: usize,
    /// Who computes where.
    pub accelerators: Accelerators,
    group_at_work: bool,
}

impl Pools {
    /// So many cores, bytes and devices, and the accelerators of `device`, of which nothing is taken.
    pub fn new(cores: usize, memory_limit_bytes: u64, devices: usize, device: &Device) -> Self {
        Self {
            cores: cores.max(1),
            at_device: 0,
            memory_bytes: 0,
            memory_limit_bytes,
            devices: (0..devices).collect(),
            device_count: devices,
            accelerators: Accelerators::of(device),
            group_at_work: false,
        }
    }

    /// True when neither a core nor a place at the device is free.
    pub fn are_full(&self) -> bool {
        self.cores == 0 && self.at_device >= self.most_at_device()
    }

    /// Whether there is room, memory aside, which may take work to estimate.
    pub fn has_room(&self, waits_for_device: bool, is_group: bool) -> bool {
        let place = match waits_for_device {
            true => self.at_device < self.most_at_device(),
            false => self.cores > 0,
        };
        place && !(is_group && self.group_at_work)
    }

    fn most_at_device(&self) -> usize {
        MOST_AT_DEVICE * self.accelerators.count().max(1)
    }

    /// Gives units that start together accelerators, by what each shares work by there; none to one that uses none.
    pub fn spread(&mut self, started: &mut [(Option<Likeness>, &mut Taken)]) {
        let units: Vec<Likeness> = (started.iter())
            .filter_map(|(likeness, _)| *likeness)
            .collect();
        let lent: Vec<usize> = (0..self.device_count)
            .filter(|number| !self.devices.contains(number))
            .collect();
        let mut given = self.accelerators.spread(&units, &lent).into_iter();
        for (likeness, taken) in started {
            let Some(likeness) = *likeness else { continue };
            let place = given.next().flatten();
            taken.accelerator = place.map(|place| (place, likeness));
        }
    }

    /// Starts the first of `requests`, in the order of the ready queue, if it fits. It shares the free cores with
    /// those after it that fit as well.
    pub fn take(&mut self, requests: &[Request]) -> Option<Taken> {
        let request = *requests.first()?;
        if !self.has_room(request.waits_for_device, request.is_group)
            || !self.fits(request.memory_bytes, self.memory_bytes)
        {
            return None;
        }
        // Who asks for more devices than there are gets all.
        let devices = request.devices.min(self.device_count);
        if self.devices.len() < devices {
            return None;
        }
        let cores = match request.waits_for_device {
            true => {
                self.at_device += 1;
                0
            }
            false => share(self.cores, self.fitting(requests), request.cores),
        };
        self.cores -= cores;
        self.memory_bytes = self.memory_bytes.saturating_add(request.memory_bytes);
        self.group_at_work |= request.is_group;
        // Those on which nothing is computed first.
        let accelerators = &self.accelerators;
        (self.devices).sort_by_key(|&number| (accelerators.is_busy(number), number));
        let mut devices: Vec<usize> = self.devices.drain(..devices).collect();
        devices.sort_unstable();
        Some(Taken {
            request,
            share: CoreShare::new(cores),
            devices,
            accelerator: None,
        })
    }

    /// Ends a unit.
    pub fn give_back(&mut self, taken: &Taken) {
        match taken.request.waits_for_device {
            true => self.at_device -= 1,
            false => self.cores += taken.share.cores(),
        }
        self.memory_bytes = self.memory_bytes.saturating_sub(taken.request.memory_bytes);
        self.devices.extend(&taken.devices);
        self.devices.sort_unstable();
        if let Some((place, likeness)) = taken.accelerator {
            self.accelerators.leave(place, likeness);
        }
        self.group_at_work &= !taken.request.is_group;
    }

    /// Gives idle cores to units at work that can use more, narrowest first.
    pub fn widen<'t>(&mut self, at_work: impl Iterator<Item = &'t Taken>) {
        let mut narrow: Vec<&Taken> = at_work
            .filter(|taken| {
                !taken.request.waits_for_device && taken.share.cores() < taken.request.cores
            })
            .collect();
        while self.cores > 0 {
            narrow.retain(|taken| taken.share.cores() < taken.request.cores);
            let Some(taken) = narrow.iter().min_by_key(|taken| taken.share.cores()) else {
                return;
            };
            taken.share.grow();
            self.cores -= 1;
        }
    }

    /// Whether a unit that needs `needed` bytes may start while `taken` are planned: always, where nothing else needs
    /// any.
    fn fits(&self, needed: u64, taken: u64) -> bool {
        needed == 0 || taken == 0 || taken.saturating_add(needed) <= self.memory_limit_bytes
    }

    /// How many of the requests would run side by side on cores.
    fn fitting(&self, requests: &[Request]) -> usize {
        let mut taken = self.memory_bytes;
        let mut count = 0;
        for request in requests.iter().filter(|request| !request.waits_for_device) {
            if self.fits(request.memory_bytes, taken) {
                taken = taken.saturating_add(request.memory_bytes);
                count += 1;
            }
        }
        count
    }
}

/// How many of `free` cores a unit gets that can use `wanted` of them, when `ready` units share them.
fn share(free: usize, ready: usize, wanted: usize) -> usize {
    (free / ready.max(1)).clamp(1, wanted.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on_cores(cores: usize, memory_bytes: u64) -> Request {
        Request {
            cores,
            memory_bytes,
            devices: 0,
            waits_for_device: false,
            is_group: false,
        }
    }

    const AT_DEVICE: Request = Request {
        cores: 8,
        memory_bytes: 0,
        devices: 0,
        waits_for_device: true,
        is_group: false,
    };

    #[test]
    fn a_unit_starts_beside_others_only_while_the_sum_of_memory_fits() {
        let mut pools = Pools::new(8, 10, 2, &Device::default());
        let first = pools.take(&[on_cores(1, 4)]).unwrap();
        assert!(pools.take(&[on_cores(1, 7)]).is_none());
        assert!(pools.take(&[on_cores(1, u64::MAX)]).is_none());
        let second = pools.take(&[on_cores(1, 6)]).unwrap();
        // What needs nothing never waits.
        let third = pools.take(&[on_cores(1, 0)]).unwrap();
        [first, second, third]
            .iter()
            .for_each(|taken| pools.give_back(taken));
        // One always runs.
        assert!(pools.take(&[on_cores(1, 11)]).is_some());
    }

    #[test]
    fn cores_are_shared_before_one_unit_gets_several() {
        let cores = |free, requests: &[Request]| {
            let taken = Pools::new(free, 10, 2, &Device::default()).take(requests);
            taken.unwrap().share.threads()
        };
        assert_eq!(cores(8, &[on_cores(4, 0)]), 4);
        assert_eq!(cores(8, &[on_cores(4, 0); 4]), 2);
        assert_eq!(cores(2, &[on_cores(4, 0); 5]), 1);
        assert_eq!(cores(8, &[on_cores(1, 0)]), 1);
        // Where one fits at a time it gets all cores, and what waits for a device shares none.
        assert_eq!(cores(8, &[on_cores(8, 6), on_cores(8, 6)]), 8);
        assert_eq!(cores(8, &[on_cores(8, 5), on_cores(8, 5)]), 4);
        assert_eq!(cores(8, &[on_cores(8, 0), AT_DEVICE, AT_DEVICE]), 8);
    }

    #[test]
    fn what_waits_for_the_device_takes_no_core() {
        let mut pools = Pools::new(2, 10, 2, &Device::default());
        let on_cores = pools.take(&[on_cores(8, 0)]).unwrap();
        assert_eq!(on_cores.share.threads(), 2);
        assert!(!pools.has_room(false, false));
        let at_device: Vec<Taken> = (0..MOST_AT_DEVICE)
            .map(|_| pools.take(&[AT_DEVICE]).unwrap())
            .collect();
        assert!(pools.are_full());
        pools.give_back(&at_device[0]);
        assert!(pools.has_room(true, false) && !pools.has_room(false, false));
    }

    #[test]
    fn devices_are_lent_by_number_and_never_twice() {
        let on = |devices| Request {
            devices,
            ..on_cores(1, 0)
        };
        let mut pools = Pools::new(8, 10, 2, &Device::default());
        let first = pools.take(&[on(1)]).unwrap();
        assert!(pools.take(&[on(2)]).is_none());
        let second = pools.take(&[on(1)]).unwrap();
        assert_eq!(
            (&first.devices[..], &second.devices[..]),
            (&[0][..], &[1][..])
        );
        assert!(pools.take(&[on(1)]).is_none());
        assert!(pools.take(&[on(0)]).is_some());
        pools.give_back(&second);
        pools.give_back(&first);
        // More than there are is all of them.
        assert_eq!(pools.take(&[on(5)]).unwrap().devices, [0, 1]);
    }

    #[test]
    fn one_group_is_at_work_at_a_time() {
        let group = Request {
            is_group: true,
            ..on_cores(1, 0)
        };
        let mut pools = Pools::new(4, 10, 2, &Device::default());
        let first = pools.take(&[group]).unwrap();
        assert!(pools.take(&[group]).is_none());
        assert!(pools.take(&[on_cores(1, 0)]).is_some());
        pools.give_back(&first);
        assert!(pools.take(&[group]).is_some());
    }

    #[test]
    fn idle_cores_go_to_the_narrowest_unit_that_can_use_them() {
        let mut pools = Pools::new(8, 10, 2, &Device::default());
        let requests = [
            on_cores(4, 0),
            on_cores(2, 0),
            on_cores(1, 0),
            on_cores(4, 0),
        ];
        let taken: Vec<Taken> = (0..3)
            .map(|at| pools.take(&requests[at..]).unwrap())
            .collect();
        let widths = |taken: &[Taken]| -> Vec<usize> {
            taken.iter().map(|taken| taken.share.threads()).collect()
        };
        assert_eq!(widths(&taken), [2, 2, 1]);
        pools.widen(taken.iter());
        assert_eq!(widths(&taken), [4, 2, 1]);
        // All of a grown share comes back.
        taken.iter().for_each(|taken| pools.give_back(taken));
        assert_eq!(pools.cores, 8);
    }
}
