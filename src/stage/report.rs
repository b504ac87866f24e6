//! `report`: tables for people.

use crate::artifact::ArtifactKind;
use crate::corpus::Corpora;
use crate::manifest::{Declaration, Kind, Problems};

use super::Stage;

pub static KIND: Kind = Kind {
    name: "report",
    version: 1,
    doc: "",
    parameters: &[],
    gathers: false,
    output: |_| ArtifactKind::Report,
    validate: |_| Vec::new(),
};

pub fn build(_declaration: &Declaration, _corpora: &Corpora) -> Result<Stage, Problems> {
    Ok(Stage::Whole(Box::new(super::Unbuilt)))
}
