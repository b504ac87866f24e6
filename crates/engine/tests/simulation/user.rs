//! What the user does in one seed: writes, replaces and removes texts, and sets parameters.

use std::path::Path;

use rand::Rng;

use super::disk::Times;
use super::model::BAD;
use super::story::{SECOND_NS, Story, TEXTS};

impl Story<'_> {
    /// Some text for the name.
    pub fn text(&mut self, name: &str) -> Vec<u8> {
        let length = [0, 1, 3, 3, 3, 70][self.random.gen_range(0..6)];
        let mut text: Vec<u8> = (0..length)
            .map(|_| b"abc"[self.random.gen_range(0..3)])
            .collect();
        // One of them always can be turned.
        if name != "a" && self.random.gen_bool(0.1) {
            text.insert(0, BAD);
        }
        text
    }

    /// The user writes a text: in the same file if there is one, or, as editors do, in a new one that takes its name.
    pub fn write(&mut self, name: &str, text: Vec<u8>) {
        let path = Path::new(TEXTS).join(name);
        let is_new_file = self.random.gen_bool(0.3);
        let mut state = self.world.state();
        loop {
            let now_ns = state.disk_ns();
            let aside = path.with_extension("new");
            let node = match state.disk.find(&path) {
                Ok(node) if !is_new_file => Ok(node),
                _ => state.disk.create_file(&aside, now_ns),
            };
            let Ok(node) = node else { return };
            state.disk.replace(node, &text, now_ns);
            // There is one if it is new.
            let _ = state.disk.rename(&aside, &path, now_ns);
            let times = state.disk.times(node);
            let other = |(n, length, t, content): &(String, usize, Times, Vec<u8>)| {
                n == name && *length == text.len() && *t == times && *content != text
            };
            // What was never promised: that a clock set back is not taken in by the same moment coming once more.
            if !state.set_back || !self.states.iter().any(other) {
                self.states
                    .insert((name.into(), text.len(), times, text.clone()));
                break;
            }
            state.pass(SECOND_NS as u64);
        }
        state.disk.sync_everything();
        state.remark(|| format!("the user writes {name}: {}", text.escape_ascii()));
        self.texts.insert(name.into(), text);
    }

    /// The user edits texts or parameters.
    pub fn edit(&mut self) {
        for _ in 0..self.random.gen_range(0..3) {
            let names = ["a", "b", "c", "d", "e"];
            let name = names[self.random.gen_range(0..names.len())];
            match self.random.gen_range(0..6) {
                0..3 => {
                    let text = self.text(name);
                    self.write(name, text);
                }
                3 if name != "a" => self.remove(name),
                4 => self.parameters.salt = self.random.gen_range(1..3),
                5 => self.parameters.rounds = self.random.gen_range(0..4),
                _ => {}
            }
        }
        let parameters = self.parameters;
        let mut state = self.world.state();
        state.remark(|| format!("the user sets {parameters:?}"));
    }

    fn remove(&mut self, name: &str) {
        if self.texts.remove(name).is_some() {
            let mut state = self.world.state();
            let now_ns = state.disk_ns();
            let path = Path::new(TEXTS).join(name);
            state.disk.remove(&path, false, now_ns).unwrap_or_default();
            state.disk.sync_everything();
            state.remark(|| format!("the user removes {name}"));
        }
    }
}
