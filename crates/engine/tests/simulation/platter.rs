//! What reaches the platter of a disk: what is synced, and what a power cut leaves of the rest.

use std::collections::HashSet;

use rand::Rng;
use rand_chacha::ChaCha8Rng;

use super::disk::{Content, Disk, Node, Renaming, Write, put};

/// What a power cut leaves of what was not synced.
#[derive(Clone, Copy, Debug)]
pub struct PowerCut {
    /// Changes of names come in their order, as with a journal; otherwise any of them may be missing.
    pub names_in_order: bool,
    /// How likely each write or change of a name is there, in percent.
    pub kept_percent: u32,
}

impl Disk {
    /// Moves a file's bytes, or the names in a folder, to the platter.
    pub fn sync(&mut self, node: Node) {
        let slot = &mut self.slots[node];
        slot.platter_times = slot.times;
        if let Content::File {
            seen,
            platter,
            writes,
        } = &mut slot.content
        {
            if !writes.is_empty() || seen.len() != platter.len() {
                platter.clone_from(seen);
            }
            writes.clear();
            return;
        }
        // With each change go those before it of the same names: what was is never put in place of what is.
        let mut names: HashSet<(Node, String)> = HashSet::new();
        let mut goes = vec![false; self.renamings.len()];
        for (Renaming(changes), goes) in self.renamings.iter().zip(&mut goes).rev() {
            let concerned = |(folder, name, _): &(Node, String, Option<Node>)| {
                *folder == node || names.contains(&(*folder, name.clone()))
            };
            if changes.iter().any(concerned) {
                *goes = true;
                names.extend(changes.iter().map(|(f, name, _)| (*f, name.clone())));
            }
        }
        let mut goes = goes.into_iter();
        let mut later = Vec::new();
        for renaming in std::mem::take(&mut self.renamings) {
            match goes.next() {
                Some(true) => self.apply(renaming),
                _ => later.push(renaming),
            }
        }
        self.renamings = later;
    }

    /// Moves everything to the platter.
    pub fn sync_everything(&mut self) {
        for renaming in std::mem::take(&mut self.renamings) {
            self.apply(renaming);
        }
        (0..self.slots.len()).for_each(|node| self.sync(node));
    }

    fn apply(&mut self, Renaming(changes): Renaming) {
        for (folder, name, node) in changes {
            if let Content::Folder { platter, .. } = &mut self.slots[folder].content {
                match node {
                    Some(node) => platter.insert(name, node),
                    None => platter.remove(&name),
                };
            }
        }
    }

    /// Loses what was not synced, but for what chance has moved to the platter. True when anything was lost.
    pub fn cut_power(&mut self, how: PowerCut, random: &mut ChaCha8Rng) -> bool {
        let mut lost = false;
        let renamings = std::mem::take(&mut self.renamings);
        let mut ended = false;
        for renaming in renamings {
            let kept = !ended && random.gen_range(0..100) < how.kept_percent;
            ended |= how.names_in_order && !kept;
            match kept {
                true => self.apply(renaming),
                false => lost = true,
            }
        }
        for slot in &mut self.slots {
            match &mut slot.content {
                Content::Link(_) => {}
                Content::Folder { seen, platter } => seen.clone_from(platter),
                Content::File {
                    seen,
                    platter,
                    writes,
                } => {
                    if writes.is_empty() {
                        continue;
                    }
                    for Write { offset, mut bytes } in writes.drain(..) {
                        if random.gen_range(0..100) >= how.kept_percent {
                            lost = true;
                            match random.gen_range(0..3) {
                                // Nothing of it.
                                0 => continue,
                                // Torn.
                                1 => bytes.truncate(random.gen_range(0..=bytes.len())),
                                // Its length alone.
                                _ => bytes.fill(0),
                            }
                        }
                        put(platter, offset, &bytes);
                    }
                    seen.clone_from(platter);
                    match random.gen_bool(0.5) {
                        true => slot.platter_times = slot.times,
                        false => slot.times = slot.platter_times,
                    }
                }
            }
        }
        lost
    }

    /// Flips a bit of the file `node`; its times stay.
    pub fn flip(&mut self, node: Node, random: &mut ChaCha8Rng) {
        let slot = &mut self.slots[node];
        if let Content::File { seen, platter, .. } = &mut slot.content
            && !seen.is_empty()
        {
            let (at, bit) = (random.gen_range(0..seen.len()), random.gen_range(0..8));
            seen[at] ^= 1 << bit;
            if let Some(byte) = platter.get_mut(at) {
                *byte ^= 1 << bit;
            }
            slot.rotten = true;
        }
    }

    /// Whether a bit of the file was flipped.
    pub fn is_rotten(&self, node: Node) -> bool {
        self.slots[node].rotten
    }
}
