//! Places for what layers of different types keep between passes.

use std::any::Any;

/// What one layer keeps: made when it is first asked for, and again where a layer of another type had the place.
pub struct Slot(Box<dyn Any + Send + Sync>);

impl Default for Slot {
    fn default() -> Self {
        Self(Box::new(()))
    }
}

impl Slot {
    /// The value, to be changed.
    pub fn get_mut<T: Default + Send + Sync + 'static>(&mut self) -> &mut T {
        if !self.0.is::<T>() {
            self.0 = Box::new(T::default());
        }
        match self.0.downcast_mut() {
            Some(value) => value,
            None => unreachable!("the place holds a value of this type"),
        }
    }

    /// The value; some pass must have asked for it to be changed before.
    pub fn get<T: 'static>(&self) -> &T {
        match self.0.downcast_ref() {
            Some(value) => value,
            None => unreachable!("a pass reads only what one before it has written"),
        }
    }
}

/// Buffers of one thread, one for each type, which layers of one kind share so that they stay in the thread's cache.
#[derive(Default)]
pub struct Slots(Vec<Slot>);

impl Slots {
    /// The buffer of this type.
    pub fn of<T: Default + Send + Sync + 'static>(&mut self) -> &mut T {
        let found = self.0.iter().position(|slot| slot.0.is::<T>());
        let at = found.unwrap_or_else(|| {
            self.0.push(Slot(Box::new(T::default())));
            self.0.len() - 1
        });
        self.0[at].get_mut()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_stay_and_another_type_takes_the_place() {
        let mut slot = Slot::default();
        slot.get_mut::<Vec<u8>>().push(7);
        assert_eq!(slot.get::<Vec<u8>>(), &[7]);
        assert!(slot.get_mut::<String>().is_empty());
        let mut slots = Slots::default();
        *slots.of::<u32>() = 3;
        slots.of::<String>().push('x');
        assert_eq!(*slots.of::<u32>(), 3);
    }
}
