//! What a command declares to take of the machine, and how its program learns its share.

use std::collections::BTreeMap;
use std::path::PathBuf;

use pipe_engine::stage::Resources;

use crate::byte_size::parse_bytes;
use crate::visible_devices;

use super::CommandStage;
use super::placeholders::{DEVICES, THREADS};

impl CommandStage {
    /// What one run of the program takes.
    pub fn declared_resources(&self) -> Resources {
        let memory = self.options.memory.as_deref();
        Resources {
            threads: self.options.threads.unwrap_or(1),
            // What cannot be read was refused with the manifest.
            memory_bytes: memory.map_or(0, |text| parse_bytes(text).unwrap_or_default()),
            devices: self.options.devices.unwrap_or(0),
        }
    }

    /// Variables that inform libraries of what is lent to the program, as far as it declared to need it; placeholders for
    /// the same go to `places`.
    pub fn lent(
        &self,
        threads: usize,
        devices: &[usize],
        places: &mut BTreeMap<String, PathBuf>,
    ) -> BTreeMap<String, String> {
        // As many workers run as there are cores: libraries that take all cores for each would slow all of them down.
        let mut variables = match (&self.options.protocol, self.options.threads) {
            (Some(_), None) => BTreeMap::from([("OMP_NUM_THREADS".to_owned(), "1".to_owned())]),
            _ => BTreeMap::new(),
        };
        let mut add = |name: &str, variable: &str, value: String| {
            places.insert(name.into(), PathBuf::from(&value));
            variables.insert(variable.into(), value);
        };
        if let Some(most) = self.options.threads {
            add(THREADS, "OMP_NUM_THREADS", threads.min(most).to_string());
        }
        if self.options.devices.is_some() {
            let names = visible_devices::names(devices);
            add(DEVICES, "CUDA_VISIBLE_DEVICES", names);
        }
        variables
    }
}
