//! Speech as a domain of the engine: its stages, and the corpora that manifests name.

use std::collections::BTreeMap;
use std::ops::Deref;
use std::path::Path;

use pipe_engine::manifest::{Declaration, Diagnostics, Kind, Manifest, ReadOptions};
use pipe_engine::plan::{Domain, Plan};
use pipe_engine::stage::{self as engine, Stage};
use pipe_nn::model::{Device, Devices};
use pipe_speech::corpus::Corpora;

use crate::audits_first;
use crate::classes_needed;
use crate::embed_inputs;
use crate::feature_widths;
use crate::kept_columns;
use crate::present::{LeftOut, keep_present};
use crate::report_references;
use crate::stage::{self, MadeItems, Setting, SharedListings};
use crate::tested_models;

/// Key at the top of a manifest that names its `corpora.toml`.
pub const CORPORA: &str = "corpora";

/// What a plan is made with besides its manifest.
pub struct PlanOptions<'a> {
    /// How the manifest is to be read.
    pub read: ReadOptions<'a>,
    /// Leave out missing corpora instead of failing.
    pub present_only: bool,
    /// Where trainings and evaluations compute.
    pub devices: Devices,
    /// Whether programs run in a sandbox.
    pub sandbox: bool,
    /// Finds and reads the `corpora.toml` of a manifest.
    pub corpora: &'a dyn Fn(&Manifest) -> Result<Corpora, Diagnostics>,
}

/// The plan of a manifest of speech stages.
pub struct SpeechPlan {
    /// The steps.
    pub plan: Plan,
    /// What was left out because corpora are missing.
    pub left_out: LeftOut,
    /// The arguments of `--set` that it was read with.
    pub overrides: Vec<String>,
    /// The limits that were raised for it, by name.
    pub raised_limits: BTreeMap<String, u64>,
    /// The corpora that its sources read.
    pub corpora: Corpora,
}

impl SpeechPlan {
    /// Reads a manifest and builds its steps.
    ///
    /// # Errors
    /// Every problem of the manifest, and of `corpora.toml` as far as it is used.
    pub fn read(path: &Path, options: &PlanOptions<'_>) -> Result<Self, Diagnostics> {
        let mut speech = Speech {
            options,
            setting: Setting {
                devices: options.devices.clone(),
                sandbox: options.sandbox,
                file_bytes: options.read.limits.file_bytes,
                made_items: MadeItems::within(options.read.limits.made_items),
                corpora: Corpora::default(),
                shared_listings: SharedListings::default(),
            },
            left_out: LeftOut::default(),
        };
        let device = engine_device(&options.devices);
        let mut plan = Plan::read(path, &options.read, device, &mut speech)?;
        kept_columns::check(&plan)?;
        embed_inputs::check(&plan)?;
        classes_needed::check(&plan)?;
        feature_widths::check(&plan)?;
        report_references::check(&plan)?;
        tested_models::connect(&mut plan, &speech.setting)?;
        audits_first::connect(&mut plan, &speech.setting)?;
        Ok(Self {
            plan,
            left_out: speech.left_out,
            overrides: options.read.overrides.to_vec(),
            raised_limits: options.read.limits.raised(),
            corpora: speech.setting.corpora,
        })
    }
}

impl Deref for SpeechPlan {
    type Target = Plan;

    fn deref(&self) -> &Plan {
        &self.plan
    }
}

struct Speech<'a> {
    options: &'a PlanOptions<'a>,
    setting: Setting,
    left_out: LeftOut,
}

impl Domain for Speech<'_> {
    fn kinds(&self) -> &'static [&'static Kind] {
        stage::kinds()
    }

    fn file_keys(&self) -> &'static [&'static str] {
        &[CORPORA]
    }

    fn folds(
        &mut self,
        manifest: &Manifest,
        declaration: &Declaration,
    ) -> Result<Vec<String>, Diagnostics> {
        let corpora = (self.options.corpora)(manifest)?;
        let present_only = self.options.present_only;
        stage::folds(declaration, &corpora, present_only, self.setting.file_bytes)
    }

    fn prepare(&mut self, manifest: &mut Manifest) -> Result<(), Diagnostics> {
        self.setting.corpora = (self.options.corpora)(manifest)?;
        if self.options.present_only {
            self.left_out = keep_present(manifest, &self.setting.corpora);
        }
        Ok(())
    }

    fn build(&mut self, declaration: &Declaration) -> Result<Stage, Diagnostics> {
        stage::build(declaration, &self.setting)
    }
}

/// The devices as keys, records and the scheduler of the engine know them.
fn engine_device(devices: &Devices) -> engine::Device {
    let accelerator = |device: Device| match device {
        Device::Cpu => None,
        Device::Cuda { ordinal, .. } => Some(engine::Accelerator {
            name: device.to_string(),
            number: ordinal,
        }),
    };
    engine::Device {
        name: devices.to_string(),
        accelerators: devices.iter().filter_map(accelerator).collect(),
        key_name: devices.key_name(),
        kinds: &Device::KEY_NAMES,
    }
}
