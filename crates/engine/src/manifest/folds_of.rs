//! Axes whose values the domain lists: `fold = { folds_of = "stage" }` has one value for each fold of what a stage makes.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use super::axis::FOLDS_OF;
use super::axis_values::too_many_values;
use super::bindings::Bindings;
use super::check::check;
use super::checked::{Files, Manifest};
use super::confinement::check_paths;
use super::declaration::Declaration;
use super::declared_resources::{self, DeclaredResources};
use super::diagnostic::Diagnostic;
use super::diagnostics::Diagnostics;
use super::kind::Kind;
use super::limits::{Exceeded, VALUE_BYTES};
use super::only;
use super::read_options::ReadOptions;
use super::substitute;
use super::suggest::suggest;
use super::value::{Node, Table, TableEntry, Value};

/// Lists the folds of a declared stage: a question to the domain. The manifest has no steps yet; the stage's parameters
/// lack what depends on the matrix.
pub type ListFolds<'a> =
    &'a mut dyn FnMut(&Manifest, &Declaration) -> Result<Vec<String>, Diagnostics>;

/// The parts of a manifest that folds depend on.
#[derive(Clone, Copy)]
pub struct ManifestText<'a> {
    /// `[matrix]`.
    pub axes: Option<&'a Table>,
    /// `[stage]`.
    pub stages: Option<&'a Table>,
    /// `[vars]`.
    pub vars: &'a Bindings<'a>,
    /// All stage kinds.
    pub kinds: &'static [&'static Kind],
}

/// The values of the axes that are folds, by axis.
///
/// # Errors
/// The limit that their number exceeds.
pub fn fold_axes(
    text: &ManifestText<'_>,
    manifest: &Manifest,
    options: &ReadOptions<'_>,
    list_folds: ListFolds<'_>,
    diagnostics: &mut Diagnostics,
) -> Result<HashMap<String, Vec<Node>>, Exceeded> {
    let vars = text.vars;
    let mut found = HashMap::new();
    for axis in text.axes.into_iter().flat_map(Table::entries) {
        let Value::Table(described) = &axis.node.value else {
            continue;
        };
        let Some(of) = described.entry(FOLDS_OF) else {
            continue;
        };
        let declaration = declared(axis, described, of, text, diagnostics);
        let names = declaration.and_then(|declaration| {
            let before = diagnostics.len();
            check_paths(&declaration, options.confined_to, diagnostics);
            if diagnostics.len() > before {
                return None;
            }
            let listed = list_folds(manifest, &declaration);
            listed.map_err(|more| diagnostics.extend(more)).ok()
        });
        let Some(names) = names else {
            // Unknown, so that what uses the axis is still checked.
            found.insert(axis.key.clone(), vec![unknown(axis)]);
            continue;
        };
        let count = names.len() as u64;
        if count > options.limits.axis_values.most {
            let told = too_many_values(&axis.key, count, &options.limits);
            return Err(told.at(&of.node.place, "from the folds of this").into());
        }
        let bytes = names
            .iter()
            .map(|name| name.len() as u64 + VALUE_BYTES)
            .sum();
        if !vars.budget().spend_in_all(bytes, &of.node.place) {
            vars.budget().check()?;
        }
        let node = |name: String| Node {
            value: Value::Text(name),
            place: of.node.place.clone(),
        };
        found.insert(axis.key.clone(), names.into_iter().map(node).collect());
    }
    Ok(found)
}

fn unknown(axis: &TableEntry) -> Node {
    Node {
        value: Value::Unknown,
        place: axis.node.place.clone(),
    }
}

/// The stage that `of` names, as far as it does not depend on the matrix; none where something is wrong with it.
fn declared(
    axis: &TableEntry,
    described: &Table,
    of: &TableEntry,
    text: &ManifestText<'_>,
    diagnostics: &mut Diagnostics,
) -> Option<Declaration> {
    for entry in described.entries() {
        if entry.key != FOLDS_OF {
            diagnostics.push(
                Diagnostic::new(
                    "manifest::axis",
                    format!("the axis `{}` has keys besides `{FOLDS_OF}`", axis.key),
                )
                .at(&entry.key_place, "remove it")
                .help("what the folds are is said in the stage"),
            );
            return None;
        }
    }
    let ManifestText {
        axes,
        stages,
        vars,
        kinds,
    } = *text;
    let named = substitute::node(&of.node, vars, diagnostics);
    let Value::Text(name) = &named.value else {
        if !matches!(named.value, Value::Unknown) {
            diagnostics.push(
                Diagnostic::new("manifest::type", format!("`{FOLDS_OF}` has the wrong type")).at(
                    &of.node.place,
                    format!(
                        "expected the name of a stage, found {}",
                        named.value.found()
                    ),
                ),
            );
        }
        return None;
    };
    let names = || {
        stages
            .into_iter()
            .flat_map(Table::entries)
            .map(|stage| stage.key.as_str())
    };
    let Some(stage) = stages.and_then(|stages| stages.entry(name)) else {
        let diagnostic =
            Diagnostic::new("manifest::unknown_input", format!("unknown stage `{name}`"))
                .at(&of.node.place, "no stage has this name");
        diagnostics.push_with_help(diagnostic, || suggest(name, names()));
        return None;
    };
    // A stage that is wrong in itself is reported when its variants are checked.
    let Value::Table(table) = &stage.node.value else {
        return None;
    };
    let mut bindings = Bindings::within(vars);
    for axis in axes.into_iter().flat_map(Table::entries) {
        bindings.bind(format!("matrix.{}", axis.key), Cow::Owned(unknown(axis)));
    }
    let mut told_again = Diagnostics::only_counted();
    let table = substitute::table_without(only::KEY, table, &bindings, &mut told_again);
    let kind = table.get("kind").map(|kind| kind.value.describe());
    let kind = kinds
        .iter()
        .find(|known| Some(known.name) == kind.as_deref())?;
    let checked = check(
        &table,
        &stage.key_place,
        "",
        kind.parameters,
        &["kind", only::KEY, declared_resources::KEY],
        &mut told_again,
    );
    if !told_again.is_empty() {
        return None;
    }
    Some(Declaration {
        id: stage.key.clone(),
        stage: stage.key.clone(),
        variant: Vec::new(),
        fold_axes: Vec::new(),
        kind,
        parameters: checked.values,
        places: checked.places,
        place: stage.key_place.clone(),
        inputs: BTreeMap::new(),
        named: checked.named,
        paths: checked.paths,
        resources: DeclaredResources::default(),
        sound: true,
    })
}

/// A manifest of which only its files are known.
pub fn without_steps(path: &Path, files: Files) -> Manifest {
    Manifest {
        name: String::new(),
        path: path.to_path_buf(),
        sources: Vec::new(),
        files,
        steps: Vec::new(),
    }
}
