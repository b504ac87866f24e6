//! One step as the manifest declares it.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use serde_json::{Map, Value as Json};

use crate::source::Place;

use super::declared_resources::DeclaredResources;
use super::kind::Kind;
use super::variant::Variant;

/// One step: a stage, or one variant of a stage.
#[derive(Clone, Debug)]
pub struct Declaration {
    /// `stage`, or `stage[axis=label,...]`.
    pub id: String,
    /// Name of the stage's table.
    pub stage: String,
    /// Its matrix values.
    pub variant: Variant,
    /// Those of its axes whose values are the folds of a stage.
    pub fold_axes: Vec<String>,
    /// Its kind.
    pub kind: &'static Kind,
    /// Checked parameters.
    pub parameters: Map<String, Json>,
    /// The place of each written parameter, by dotted path.
    pub places: HashMap<String, Place>,
    /// The place of the stage's name.
    pub place: Place,
    /// For each input parameter (dotted path), the indices of the steps it takes.
    pub inputs: BTreeMap<String, Vec<usize>>,
    /// Names of things outside the manifest: dotted path and name, of each parameter of the shape
    /// [`Named`](super::Shape::Named).
    pub named: Vec<(String, String)>,
    /// Paths: dotted path and what is written, of each parameter of the shape [`Path`](super::Shape::Path).
    pub paths: Vec<(String, String)>,
    /// What a step of the stage takes of a machine, as far as the manifest says.
    pub resources: DeclaredResources,
    /// False when something is wrong with its parameters, or with what they refer to.
    pub sound: bool,
}

impl Declaration {
    /// A path parameter, relative to the file it is written in.
    pub fn resolve(&self, parameter: &str, written: &str) -> PathBuf {
        let folder = self
            .places
            .get(parameter)
            .filter(|place| !place.is_of_command_line())
            .and_then(|place| {
                Path::new(place.source.name())
                    .parent()
                    .map(Path::to_path_buf)
            });
        folder.unwrap_or_default().join(written)
    }

    /// The path that the parameter `name` holds, relative to the file it is written in; empty where it holds none.
    pub fn path(&self, name: &str) -> PathBuf {
        let written = self.parameters.get(name).and_then(Json::as_str);
        self.resolve(name, written.unwrap_or_default())
    }

    /// Where `parameter` was written, or the stage's name when a default holds.
    pub fn place_of(&self, parameter: &str) -> &Place {
        let mut path = parameter;
        loop {
            if let Some(place) = self.places.get(path) {
                return place;
            }
            match path.rsplit_once('.') {
                Some((parent, _)) => path = parent,
                None => return &self.place,
            }
        }
    }
}
