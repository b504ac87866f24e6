//! Memory that operations keep from pass to pass.

use std::ops::{Deref, DerefMut};

/// Values whose memory grows and never shrinks: passes of changing size neither ask for it again nor clear it.
#[derive(Clone, Debug)]
pub struct Buffer<T = f32> {
    memory: Vec<T>,
    len: usize,
}

impl<T> Default for Buffer<T> {
    fn default() -> Self {
        Self {
            memory: Vec::new(),
            len: 0,
        }
    }
}

impl<T: Copy + Default> Buffer<T> {
    /// Makes it `len` values long; they hold no meaning until they are written.
    pub fn resize(&mut self, len: usize) -> &mut [T] {
        if self.memory.len() < len {
            self.memory.resize(len, T::default());
        }
        self.len = len;
        self
    }

    /// Makes it `len` zeros.
    pub fn zeroed(&mut self, len: usize) -> &mut [T] {
        let values = self.resize(len);
        values.fill(T::default());
        values
    }
}

impl<T> Deref for Buffer<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.memory[..self.len]
    }
}

impl<T> DerefMut for Buffer<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.memory[..self.len]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_its_length_and_keeps_its_memory() {
        let mut buffer = Buffer::<f32>::default();
        buffer.resize(5).fill(1.0);
        let place = buffer.as_ptr();
        assert_eq!(buffer.resize(2), [1.0; 2]);
        assert_eq!(buffer.zeroed(4), [0.0; 4]);
        assert_eq!(buffer.resize(5), [0.0, 0.0, 0.0, 0.0, 1.0]);
        assert_eq!(buffer.as_ptr(), place);
    }
}
