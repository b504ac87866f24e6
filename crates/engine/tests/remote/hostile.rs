//! A store that cannot be trusted in anything: it fails, cuts, changes, loses and hides what it has.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use pipe_engine::cache::remote::{MemoryStore, Patience, RemoteStore, StoreError};
use pipe_foundation::random::{stream, uniform, whole};
use pipe_foundation::sync::lock;
use rand_chacha::ChaCha8Rng;

use super::quick_system::QuickSystem;

/// How a store is disposed: chances for each request, or for each object.
#[derive(Clone, Copy, Debug, Default)]
pub struct Mood {
    /// It fails in a way that may pass.
    pub fails: f64,
    /// It refuses.
    pub refuses: f64,
    /// It takes its time.
    pub dawdles: f64,
    /// What it gives is cut short.
    pub cuts: f64,
    /// A bit of what it gives is another.
    pub flips: f64,
    /// It says that there is no such object.
    pub denies: f64,
    /// It keeps what it is given, and says that it has failed.
    pub conceals: f64,
    /// It says that it keeps what it is given, and does not.
    pub loses: f64,
    /// It keeps half of what it is given.
    pub halves: f64,
    /// Objects are left out of its list.
    pub hides: f64,
    /// It lists what is not there.
    pub invents: f64,
}

impl Mood {
    /// One that is drawn: each fault is as good as certain, frequent, rare or absent.
    pub fn drawn(random: &mut ChaCha8Rng) -> Self {
        let mut chance = || [0.0, 0.0, 0.0, 0.05, 0.3, 0.95][whole(random, 5)];
        Self {
            fails: chance(),
            // A store that refuses once is not asked again.
            refuses: chance() / 10.0,
            dawdles: chance(),
            cuts: chance(),
            flips: chance(),
            denies: chance(),
            conceals: chance(),
            loses: chance(),
            halves: chance(),
            hides: chance(),
            invents: chance(),
        }
    }
}

/// A store in some mood.
#[derive(Debug)]
pub struct Hostile {
    seed: u64,
    store: MemoryStore,
    system: QuickSystem,
    mood: Mutex<Mood>,
    /// How often each request was made: what becomes of it depends on nothing else.
    asked: Mutex<HashMap<String, u64>>,
}

impl Hostile {
    pub fn new(seed: u64, system: QuickSystem) -> Arc<Self> {
        Arc::new(Self {
            seed,
            store: MemoryStore::default(),
            system,
            mood: Mutex::default(),
            asked: Mutex::default(),
        })
    }

    pub fn set_mood(&self, mood: Mood) {
        *lock(&self.mood) = mood;
    }

    /// What is drawn for this request, and the mood, where it does not fail as a whole.
    fn ask(&self, what: &str, name: &str) -> Result<(ChaCha8Rng, Mood), StoreError> {
        let request = format!("{what} {name}");
        let times = {
            let mut asked = lock(&self.asked);
            let times = asked.entry(request.clone()).or_default();
            *times += 1;
            *times
        };
        let parts = [
            &self.seed.to_le_bytes()[..],
            request.as_bytes(),
            &times.to_le_bytes(),
        ];
        let mut random = stream("hostile store", &parts);
        let mood = *lock(&self.mood);
        if uniform(&mut random) < mood.dawdles {
            self.system.pass(Duration::from_secs(7));
        }
        if uniform(&mut random) < mood.refuses {
            return Err(StoreError::Refused("access is denied".into()));
        }
        if uniform(&mut random) < mood.fails {
            return Err(StoreError::Failed("503 Slow Down".into()));
        }
        Ok((random, mood))
    }
}

impl RemoteStore for Hostile {
    fn url(&self) -> &str {
        "hostile://"
    }

    fn get(
        &self,
        name: &str,
        range: Option<Range<u64>>,
        patience: &Patience<'_>,
    ) -> Result<Vec<u8>, StoreError> {
        let (mut random, mood) = self.ask("get", name)?;
        if uniform(&mut random) < mood.denies {
            return Err(StoreError::Absent(name.into()));
        }
        let mut bytes = self.store.get(name, range, patience)?;
        if uniform(&mut random) < mood.cuts {
            bytes.truncate(whole(&mut random, bytes.len()));
        }
        if uniform(&mut random) < mood.flips && !bytes.is_empty() {
            let place = whole(&mut random, bytes.len() - 1);
            bytes[place] ^= 1 << whole(&mut random, 7);
        }
        Ok(bytes)
    }

    fn put_if_absent(
        &self,
        name: &str,
        bytes: &Arc<[u8]>,
        patience: &Patience<'_>,
    ) -> Result<bool, StoreError> {
        let (mut random, mood) = self.ask("put", name)?;
        if uniform(&mut random) < mood.loses {
            return Ok(uniform(&mut random) < 0.5);
        }
        let is_new = match uniform(&mut random) < mood.halves {
            true => {
                let half: Arc<[u8]> = bytes[..bytes.len() / 2].into();
                self.store.put_if_absent(name, &half, patience)?
            }
            false => self.store.put_if_absent(name, bytes, patience)?,
        };
        match uniform(&mut random) < mood.conceals {
            true => Err(StoreError::Failed("the connection was reset".into())),
            false => Ok(is_new),
        }
    }

    fn list(&self, prefix: &str, patience: &Patience<'_>) -> Result<Vec<String>, StoreError> {
        let (mut random, mood) = self.ask("list", prefix)?;
        let mut names = self.store.list(prefix, patience)?;
        names.retain(|_| uniform(&mut random) >= mood.hides);
        if uniform(&mut random) < mood.invents {
            let digest = pipe_foundation::Digest::of(prefix.as_bytes());
            names.extend([
                format!("{prefix}{digest}"),
                format!("{prefix}merged-99999999-{digest}"),
                format!("{prefix}../../etc/passwd"),
                "elsewhere".into(),
            ]);
        }
        Ok(names)
    }
}
