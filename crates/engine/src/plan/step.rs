//! One step of a plan.

use pipe_foundation::Digest;
use serde_json::{Map, Value as Json};

use crate::artifact::{ArtifactKind, FingerprintInputs, input_names};
use crate::manifest::Declaration;
use crate::stage::Stage;

/// A declared step with its stage.
pub struct Step {
    /// What the manifest says.
    pub declaration: Declaration,
    /// What runs.
    pub stage: Stage,
    /// What it makes.
    pub output: ArtifactKind,
    /// Inputs in order: parameter and step.
    pub inputs: Vec<(String, usize)>,
    /// Further steps that are tried before this one starts, though it takes nothing of them: it waits for them even if
    /// they fail. No key depends on it.
    pub after: Vec<usize>,
    /// True when the bytes of its items are kept: somebody outside its group takes them, or nobody does.
    pub stored: bool,
}

impl Step {
    /// A step whose neighbours are not known yet.
    pub fn new(declaration: Declaration, stage: Stage) -> Self {
        let inputs = declaration
            .inputs
            .iter()
            .flat_map(|(parameter, steps)| steps.iter().map(move |&step| (parameter.clone(), step)))
            .collect();
        let output = (declaration.kind.output)(&declaration.parameters);
        Self {
            declaration,
            stage,
            output,
            inputs,
            after: Vec::new(),
            stored: false,
        }
    }

    /// The step's id.
    pub fn id(&self) -> &str {
        &self.declaration.id
    }

    /// True for sources and item-wise stages.
    pub fn is_item_wise(&self) -> bool {
        matches!(self.stage, Stage::Source(_) | Stage::Items(_))
    }

    /// Indices of the steps it takes.
    pub fn input_steps(&self) -> impl Iterator<Item = usize> + '_ {
        self.inputs.iter().map(|(_, step)| *step)
    }

    /// True for a step over what sources list, which takes no data of theirs.
    pub fn takes_listings(&self) -> bool {
        matches!(&self.stage, Stage::Aggregate(stage) if stage.takes_listings())
    }

    /// All parameters that may enter keys; references to other steps are left out, since their digests are in the key.
    pub fn keyed_parameters(&self) -> Json {
        let mut keyed = Map::new();
        for parameter in self
            .declaration
            .kind
            .parameters
            .iter()
            .filter(|parameter| parameter.keyed)
        {
            let is_reference = self.declaration.inputs.keys().any(|path| {
                path == parameter.name
                    || path
                        .strip_prefix(parameter.name)
                        .is_some_and(|rest| rest.starts_with('.'))
            });
            if let (false, Some(value)) = (
                is_reference,
                self.declaration.parameters.get(parameter.name),
            ) {
                keyed.insert(parameter.name.into(), value.clone());
            }
        }
        Json::Object(keyed)
    }

    /// The start of the key's fingerprint: kind, version and parameters.
    pub fn fingerprint(&self, parameters: &Json) -> FingerprintInputs {
        let mut fingerprint = FingerprintInputs::default();
        fingerprint.add("kind", self.declaration.kind.name);
        fingerprint.add("version", self.declaration.kind.version.to_string());
        if let Json::Object(fields) = parameters {
            fields.iter().for_each(|(name, value)| {
                fingerprint.add_json(&format!("parameters.{name}"), value)
            });
        }
        fingerprint
    }

    /// Adds the digest of each input under its name. An input without a digest is missing, which the step allows.
    pub fn add_inputs(&self, fingerprint: &mut FingerprintInputs, digests: &[Option<Digest>]) {
        let names = input_names(self.inputs.iter().map(|(parameter, _)| parameter.as_str()));
        for (position, name) in names.iter().enumerate() {
            let digest = digests.get(position).copied().flatten();
            fingerprint.add(
                format!("input.{name}"),
                digest.map_or_else(|| "missing".into(), |digest| digest.hex()),
            );
        }
    }

    /// True for an item-wise step whose items need devices for themselves.
    pub fn needs_devices(&self) -> bool {
        matches!(&self.stage, Stage::Items(stage) if stage.resources().devices > 0)
    }

    /// The limit on items set aside, as a fraction.
    pub fn max_bad(&self) -> f64 {
        self.declaration
            .parameters
            .get("max_bad")
            .and_then(Json::as_f64)
            .unwrap_or(0.01)
    }
}

/// Decides which steps keep the bytes of their items.
pub fn connect(steps: &mut [Step]) {
    let mut is_taken = vec![false; steps.len()];
    let mut is_taken_whole = vec![false; steps.len()];
    for step in steps.iter().filter(|step| !step.takes_listings()) {
        for input in step.input_steps() {
            is_taken[input] = true;
            is_taken_whole[input] |= !step.is_item_wise();
        }
    }
    for (index, step) in steps.iter_mut().enumerate() {
        let must = matches!(&step.stage, Stage::Items(stage) if stage.must_store());
        let asked = step.declaration.parameters.get("store") == Some(&Json::Bool(true));
        let wanted = is_taken_whole[index] || !is_taken[index] || must || asked;
        step.stored = step.is_item_wise() && wanted;
    }
}
