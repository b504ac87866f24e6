//! What the steps of the domain make of which texts, as functions of nothing else: what every run is compared with.

use std::collections::BTreeMap;
use std::sync::Arc;

use pipe_engine::artifact::{Bytes, FileEntry, FileSet, Item, ItemData, ItemId, item_set_digest};
use pipe_foundation::Digest;

use super::story::TEXTS;

/// Texts by name.
pub type Texts = BTreeMap<String, Vec<u8>>;

/// Parameters of the manifest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Parameters {
    /// Of the step `salted`.
    pub salt: u64,
    /// Of the step `fitted`.
    pub rounds: u64,
}

/// Starts a text that cannot be turned.
pub const BAD: u8 = b'!';

/// A text from its end to its beginning.
///
/// # Errors
/// Where it begins with [`BAD`].
pub fn turned(text: &[u8]) -> Result<Vec<u8>, &'static str> {
    match text.first() {
        Some(&BAD) => Err("it cannot be turned"),
        _ => Ok(text.iter().rev().copied().collect()),
    }
}

/// A text with salt.
pub fn salted(text: &[u8], salt: u64) -> Vec<u8> {
    [text, format!("+{salt}").as_bytes()].concat()
}

/// All texts, and their names.
pub fn joined(parts: &[(String, Vec<u8>)]) -> (Vec<u8>, Vec<u8>) {
    let texts: Vec<&[u8]> = parts.iter().map(|(_, text)| text.as_slice()).collect();
    let names: Vec<&str> = parts.iter().map(|(name, _)| name.as_str()).collect();
    (texts.join(&b'\n'), names.join("\n").into())
}

/// Where fitting begins.
pub fn fit_start(text: &[u8]) -> Digest {
    Digest::of(text)
}

/// One round of fitting.
pub fn fit_round(state: Digest) -> Digest {
    Digest::of(&state.0)
}

/// What fitting makes.
pub fn fitted(state: Digest) -> Vec<u8> {
    state.hex().into()
}

/// What identifies one thing that is made: made once, it need not be made again.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Made {
    /// An item of a step, by the text that it comes from and the salt.
    Item(&'static str, Vec<u8>, u64),
    /// A result of a step over all texts, by their names, contents and the parameters.
    Whole(&'static str, Digest, Parameters),
}

/// The id of an item, its data, and the text that it comes from.
type OfText<'t> = (String, Vec<u8>, &'t [u8]);

/// What a run over some texts comes to.
#[derive(Clone, Debug)]
pub struct Expected {
    /// The digest of each step's result.
    pub digests: BTreeMap<&'static str, Digest>,
    /// The items or the result of each step.
    pub made: BTreeMap<&'static str, Vec<Made>>,
    /// Files of results for people, below the folder of the manifest.
    pub files: BTreeMap<String, Vec<u8>>,
}

impl Expected {
    /// What comes of these texts with these parameters.
    pub fn of(texts: &Texts, parameters: Parameters) -> Self {
        let mut steps: BTreeMap<&'static str, Vec<OfText<'_>>> = BTreeMap::new();
        for (name, text) in texts {
            let id = format!("{TEXTS}/{name}");
            let mut add = |step, data| {
                let items = steps.entry(step).or_default();
                items.push((id.clone(), data, text.as_slice()));
            };
            add("texts", text.clone());
            if let Ok(turned) = turned(text) {
                add("turned", turned.clone());
                add("salted", salted(&turned, parameters.salt));
            }
        }
        let mut expected = Self {
            digests: BTreeMap::new(),
            made: BTreeMap::new(),
            files: BTreeMap::new(),
        };
        for (step, items) in &steps {
            let item = |(id, data, _): &OfText<'_>| Item {
                facts: Arc::new(ItemId(id.clone())),
                digest: Digest::of(&Bytes(data.clone()).encode().unwrap()),
            };
            let items: Vec<(Item, &[u8])> = items.iter().map(|all| (item(all), all.2)).collect();
            let set: Vec<Item> = items.iter().map(|(item, _)| item.clone()).collect();
            expected.digests.insert(step, item_set_digest(&set));
            let salt = match *step {
                "salted" => parameters.salt,
                _ => 0,
            };
            let made = |(_, text): &(Item, &[u8])| Made::Item(step, text.to_vec(), salt);
            expected.made.insert(step, items.iter().map(made).collect());
        }
        let salted = steps.remove("salted").unwrap_or_default();
        let parts: Vec<_> = salted.into_iter().map(|(id, data, _)| (id, data)).collect();
        let (text, names) = joined(&parts);
        let state = (0..parameters.rounds).fold(fit_start(&text), |state, _| fit_round(state));
        let all = Digest::of(&[text.as_slice(), &names].join(&0));
        expected.add_files(
            "joined",
            all,
            Parameters {
                rounds: 0,
                ..parameters
            },
            &[("more/names", names), ("text", text)],
        );
        expected.add_files("fitted", all, parameters, &[("model", fitted(state))]);
        expected
    }

    fn add_files(
        &mut self,
        step: &'static str,
        input: Digest,
        parameters: Parameters,
        files: &[(&str, Vec<u8>)],
    ) {
        let entry = |(name, bytes): &(&str, Vec<u8>)| FileEntry {
            name: (*name).into(),
            digest: Digest::of(bytes),
            bytes: bytes.len() as u64,
        };
        let set = FileSet {
            files: files.iter().map(entry).collect(),
        };
        self.digests.insert(step, set.digest());
        let made = Made::Whole(step, input, parameters);
        self.made.insert(step, vec![made]);
        for (name, bytes) in files {
            self.files.insert(format!("{step}/{name}"), bytes.clone());
        }
    }
}
