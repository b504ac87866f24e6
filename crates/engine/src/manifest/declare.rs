//! From one table to declarations of steps: variants expanded, parameters checked, inputs resolved.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use crate::source::{Place, Source};

use super::bindings::Bindings;
use super::budget::Budget;
use super::check_variant::check_variant;
use super::checked::Manifest;
use super::confinement::{self, check_paths};
use super::connect::{connect, spread_axes};
use super::declaration::Declaration;
use super::diagnostic::Diagnostic;
use super::diagnostics::Diagnostics;
use super::expansion::Expansion;
use super::folds_of::{ListFolds, ManifestText, fold_axes, without_steps};
use super::identity::{EXPECTED, is_usable, name_by_path};
use super::kind::Kind;
use super::limits::Exceeded;
use super::matrix::Matrix;
use super::only::Only;
use super::read::read;
use super::read_options::ReadOptions;
use super::resolve::Others;
use super::stage_steps::StageSteps;
use super::stages::read_stages;
use super::step_ids::check_variants;
use super::substitute;
use super::suggest::suggest;
use super::value::{Table, Value};
use super::variant::step_id;

/// Keys at the top of every manifest, around those that name files of the domain.
const FIRST: [&str; 2] = ["name", "description"];
const LAST: [&str; 4] = ["include", "vars", "matrix", "stage"];

/// What manifests of a domain may say.
#[derive(Clone, Copy, Debug)]
pub struct Vocabulary {
    /// All stage kinds.
    pub kinds: &'static [&'static Kind],
    /// Keys at the top that name files.
    pub file_keys: &'static [&'static str],
}

impl Manifest {
    /// Reads, expands and checks a manifest, in the words of `vocabulary`; axes may be the folds that
    /// `list_folds` lists. What is wrong with single stages goes to `diagnostics`, so that more can be found wrong with the
    /// others.
    ///
    /// # Errors
    /// When a file cannot be read or is not TOML, or the manifest asks for more than `limits` allow.
    pub fn read(
        path: &Path,
        options: &ReadOptions<'_>,
        vocabulary: Vocabulary,
        list_folds: ListFolds<'_>,
        diagnostics: &mut Diagnostics,
    ) -> Result<Self, Diagnostics> {
        let (sources, table) = read(path, options, vocabulary.file_keys, diagnostics)?;
        let read = Self::of_table(
            path,
            sources,
            &table,
            options,
            vocabulary,
            list_folds,
            diagnostics,
        );
        read.map_err(|exceeded| {
            let mut diagnostics = std::mem::take(diagnostics);
            diagnostics.push(exceeded.into());
            diagnostics.sorted()
        })
    }

    /// # Errors
    /// The limit that was exceeded.
    fn of_table(
        path: &Path,
        sources: Vec<Source>,
        table: &Table,
        options: &ReadOptions<'_>,
        vocabulary: Vocabulary,
        list_folds: ListFolds<'_>,
        diagnostics: &mut Diagnostics,
    ) -> Result<Self, Exceeded> {
        let Vocabulary { kinds, file_keys } = vocabulary;
        let known = || FIRST.iter().chain(file_keys).chain(&LAST).copied();
        for entry in table.entries() {
            if known().any(|key| key == entry.key) {
                continue;
            }
            let diagnostic = Diagnostic::new(
                "manifest::unknown_key",
                format!("unknown key `{}`", entry.key),
            )
            .at(&entry.key_place, "a manifest has no such key");
            diagnostics.push_with_help(diagnostic, || {
                let near = suggest(&entry.key, known());
                format!("stages are tables named [stage.<name>]; {near}")
            });
        }
        let name = match text_of(table, "name", diagnostics) {
            Some((name, place)) => {
                check_name(&name, &place, diagnostics);
                name
            }
            None => {
                let name = name_by_path(path, options.root.unwrap_or(Path::new(".")));
                if !is_usable(&name) {
                    diagnostics.push(
                        Diagnostic::new(
                            "manifest::name",
                            format!("{} does not give a valid manifest name", path.display()),
                        )
                        .help(format!(
                            "add `name = \"...\"` at the top of the manifest: {EXPECTED}"
                        )),
                    );
                }
                name
            }
        };
        let mut files = BTreeMap::new();
        for &key in file_keys {
            if let Some((written, place)) = text_of(table, key, diagnostics) {
                let folder = Path::new(place.source.name())
                    .parent()
                    .unwrap_or(Path::new(""));
                let file = folder.join(written);
                if let Some(outside) = confinement::check(options.confined_to, &file, &place) {
                    diagnostics.push(outside);
                    continue;
                }
                files.insert(key, (file, place));
            }
        }
        let limits = &options.limits;
        let budget = Budget::new(limits);
        let vars = variables(table, &budget, diagnostics);
        budget.check()?;
        let axes = table_of(table, "matrix", diagnostics);
        let stages = table_of(table, "stage", diagnostics);
        let folds = fold_axes(
            &ManifestText {
                axes,
                stages,
                vars: &vars,
                kinds,
            },
            &without_steps(path, files.clone()),
            options,
            list_folds,
            diagnostics,
        )?;
        let matrix = match axes {
            Some(axes) => Matrix::read(axes, folds, &vars, limits, diagnostics)?,
            None => Matrix::default(),
        };
        budget.check()?;
        let steps = match stages {
            Some(stages) => declare(stages, &vars, &matrix, options, kinds, diagnostics)?,
            None => {
                diagnostics.push(
                    Diagnostic::new("manifest::no_stages", "the manifest has no stages")
                        .at(&sources[0].place(0..0), "expected [stage.<name>] tables")
                        .help("`pipe init` writes a manifest to start from"),
                );
                Vec::new()
            }
        };
        Ok(Self {
            name,
            path: path.to_path_buf(),
            sources,
            files,
            steps,
        })
    }
}

/// The name is that of a folder below `runs`, so it must stay there.
fn check_name(name: &str, place: &Place, diagnostics: &mut Diagnostics) {
    if !is_usable(name) {
        diagnostics.push(
            Diagnostic::new(
                "manifest::name",
                format!("{name:?} is not a valid manifest name"),
            )
            .at(place, "results go into a folder of this name")
            .help(format!("expected {EXPECTED}")),
        );
    }
}

fn text_of(table: &Table, key: &str, diagnostics: &mut Diagnostics) -> Option<(String, Place)> {
    let node = table.get(key)?;
    match &node.value {
        Value::Text(text) => Some((text.clone(), node.place.clone())),
        other => {
            diagnostics.push(
                Diagnostic::new("manifest::type", format!("`{key}` has the wrong type")).at(
                    &node.place,
                    format!("expected a string, found {}", other.found()),
                ),
            );
            None
        }
    }
}

fn table_of<'a>(table: &'a Table, key: &str, diagnostics: &mut Diagnostics) -> Option<&'a Table> {
    let node = table.get(key)?;
    match &node.value {
        Value::Table(inner) => Some(inner),
        other => {
            diagnostics.push(
                Diagnostic::new("manifest::type", format!("`{key}` has the wrong type")).at(
                    &node.place,
                    format!("expected a table, found {}", other.found()),
                ),
            );
            None
        }
    }
}

/// `[vars]`; a variable may use those written before it.
fn variables<'a>(table: &Table, budget: &'a Budget, diagnostics: &mut Diagnostics) -> Bindings<'a> {
    let mut bindings = Bindings::new(budget);
    if let Some(vars) = table_of(table, "vars", diagnostics) {
        for entry in vars.entries() {
            let node = substitute::node(&entry.node, &bindings, diagnostics);
            bindings.bind(entry.key.clone(), Cow::Owned(node));
        }
    }
    bindings
}

/// # Errors
/// The limit that was exceeded.
fn declare(
    table: &Table,
    vars: &Bindings<'_>,
    matrix: &Matrix,
    options: &ReadOptions<'_>,
    kinds: &'static [&'static Kind],
    diagnostics: &mut Diagnostics,
) -> Result<Vec<Declaration>, Exceeded> {
    let limits = &options.limits;
    let (mut stages, broken) = read_stages(table, vars, limits, kinds, diagnostics)?;
    let order = connect(&mut stages, vars, matrix, limits, diagnostics)?;
    spread_axes(&mut stages, &order);
    let mut expansion = Expansion::new(matrix, limits);
    // Before the first variant is made.
    for &index in &order {
        let stage = &stages[index];
        expansion.add(stage, vars.budget())?;
    }
    let mut steps: Vec<Declaration> = Vec::new();
    let mut steps_of: BTreeMap<usize, StageSteps> = BTreeMap::new();
    let names: HashMap<&str, usize> = stages
        .iter()
        .enumerate()
        .map(|(index, stage)| (stage.entry.key.as_str(), index))
        .collect();
    for index in order {
        let stage = &stages[index];
        let axes: Vec<&str> = stage.axes.iter().map(String::as_str).collect();
        let only = Only::read(
            &stage.entry.key,
            stage.table,
            &axes,
            vars,
            matrix,
            diagnostics,
        );
        let fold_axes = matrix.fold_axes(&axes);
        let mut variants = matrix.variants(&axes);
        variants.retain(|variant| only.keeps(variant));
        check_variants(
            &stage.entry.key,
            &stage.entry.key_place,
            &variants,
            matrix,
            diagnostics,
        );
        let first = steps.len();
        for variant in variants {
            let before = diagnostics.len();
            let (checked, resources) = check_variant(stage, &variant, vars, matrix, diagnostics)?;
            let others = Others {
                stages: &stages,
                broken: &broken,
                kinds,
                names: &names,
                steps: &steps,
                steps_of: &steps_of,
            };
            let inputs = others.resolve(&checked, stage, &variant, &mut expansion, diagnostics)?;
            // What it takes is limited by `only` to other variants, so this one cannot be.
            if inputs.iter().any(|input| input.is_limited) {
                continue;
            }
            for found in (stage.kind.validate)(&checked.values) {
                let place_of = |path: &str| checked.place_of(path, &stage.entry.key_place);
                diagnostics.push(found.located(place_of));
            }
            let inputs = inputs.into_iter().map(|input| (input.path, input.steps));
            steps.push(Declaration {
                id: step_id(&stage.entry.key, &variant),
                stage: stage.entry.key.clone(),
                variant,
                fold_axes: fold_axes.clone(),
                kind: stage.kind,
                parameters: checked.values,
                places: checked.places,
                place: stage.entry.key_place.clone(),
                inputs: inputs.collect(),
                named: checked.named,
                paths: checked.paths,
                resources,
                sound: diagnostics.len() == before && !checked.has_unknown,
            });
            if let Some(step) = steps.last() {
                check_paths(step, options.confined_to, diagnostics);
            }
        }
        steps_of.insert(
            index,
            StageSteps::new((first..steps.len()).collect(), &steps),
        );
    }
    // Where something else is wrong, that may be why.
    if diagnostics.is_empty() {
        let used = stages.iter().flat_map(|stage| &stage.axes);
        matrix.check_used(&used.map(String::as_str).collect(), diagnostics);
    }
    Ok(steps)
}
