//! From one table to declarations of steps: variants expanded, parameters checked, inputs resolved.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use petgraph::graph::{DiGraph, NodeIndex};
use serde_json::{Map, Value as Json};

use crate::source::{Place, Source};

use super::check::{Checked, check};
use super::kind::Kind;
use super::matrix::{Matrix, Variant};
use super::problem::{Problem, Problems, suggest};
use super::read::read;
use super::substitute::{self, Bindings};
use super::value::{Table, TableEntry, Value};

const TOP_LEVEL: [&str; 7] = [
    "name",
    "description",
    "corpora",
    "include",
    "vars",
    "matrix",
    "stage",
];

/// A manifest, checked as far as it can be without looking at data.
#[derive(Clone, Debug)]
pub struct Manifest {
    /// `name`, or the file's stem.
    pub name: String,
    /// The manifest's file.
    pub path: PathBuf,
    /// Its text.
    pub source: Source,
    /// The `corpora.toml` it names, with the place.
    pub corpora: Option<(PathBuf, Place)>,
    /// The steps, inputs before what takes them.
    pub steps: Vec<Declaration>,
}

/// One step: a stage, or one variant of a stage.
#[derive(Clone, Debug)]
pub struct Declaration {
    /// `stage`, or `stage[axis=label,...]`.
    pub id: String,
    /// Name of the stage's table.
    pub stage: String,
    /// The matrix values it stands for.
    pub variant: Variant,
    /// Its kind.
    pub kind: &'static Kind,
    /// Checked parameters.
    pub parameters: Map<String, Json>,
    /// Where each written parameter stands, by dotted path.
    pub places: HashMap<String, Place>,
    /// Where the stage's name stands.
    pub place: Place,
    /// For each input parameter (dotted path), the indices of the steps it takes.
    pub inputs: BTreeMap<String, Vec<usize>>,
    /// References to corpora: dotted path and name.
    pub corpora: Vec<(String, String)>,
}

impl Declaration {
    /// A path parameter, relative to the file it is written in.
    pub fn resolve(&self, parameter: &str, written: &str) -> PathBuf {
        let folder = self
            .places
            .get(parameter)
            .filter(|place| place.source.name() != "--set")
            .and_then(|place| {
                Path::new(place.source.name())
                    .parent()
                    .map(Path::to_path_buf)
            });
        folder.unwrap_or_default().join(written)
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

/// A stage before its variants are expanded.
struct Stage<'a> {
    entry: &'a TableEntry,
    table: &'a Table,
    kind: &'static Kind,
    inputs: Vec<usize>,
    axes: BTreeSet<String>,
}

impl Manifest {
    /// Reads, expands and checks a manifest.
    ///
    /// # Errors
    /// All problems found, each with its place.
    pub fn read(
        path: &Path,
        overrides: &[String],
        kinds: &'static [&'static Kind],
    ) -> Result<Self, Problems> {
        let (source, table) = read(path, overrides)?;
        let mut problems = Problems::default();
        for entry in table
            .entries
            .iter()
            .filter(|entry| !TOP_LEVEL.contains(&entry.key.as_str()))
        {
            problems.push(
                Problem::new(
                    "manifest::unknown_key",
                    format!("unknown key `{}` in the manifest", entry.key),
                )
                .at(&entry.key_place, "not a key here")
                .help(format!(
                    "{}; stages are tables named [stage.<name>]",
                    suggest(&entry.key, TOP_LEVEL)
                )),
            );
        }
        let name = text_of(&table, "name", &mut problems);
        let name = name.map_or_else(
            || {
                path.file_stem().map_or_else(
                    || "pipeline".into(),
                    |stem| stem.to_string_lossy().into_owned(),
                )
            },
            |(name, _)| name,
        );
        let corpora = text_of(&table, "corpora", &mut problems).map(|(written, place)| {
            let folder = Path::new(place.source.name())
                .parent()
                .unwrap_or(Path::new(""));
            (folder.join(written), place)
        });
        let vars = variables(&table, &mut problems);
        let matrix = match table_of(&table, "matrix", &mut problems) {
            Some(axes) => Matrix::read(
                &substitute::table(axes, &vars, &mut problems),
                &mut problems,
            ),
            None => Matrix::default(),
        };
        let steps = match table_of(&table, "stage", &mut problems) {
            Some(stages) => declare(stages, &vars, &matrix, kinds, &mut problems),
            None => {
                problems.push(
                    Problem::new("manifest::no_stages", "the manifest has no stages")
                        .at(&source.place(0..0), "expected [stage.<name>] tables")
                        .help("`pipe init` writes a manifest to start from"),
                );
                Vec::new()
            }
        };
        problems.or_ok(Self {
            name,
            path: path.to_path_buf(),
            source,
            corpora,
            steps,
        })
    }
}

fn text_of(table: &Table, key: &str, problems: &mut Problems) -> Option<(String, Place)> {
    let node = table.get(key)?;
    match &node.value {
        Value::Text(text) => Some((text.clone(), node.place.clone())),
        other => {
            problems.push(
                Problem::new("manifest::type", format!("`{key}` has the wrong type")).at(
                    &node.place,
                    format!("expected a string, found {}", other.type_name()),
                ),
            );
            None
        }
    }
}

fn table_of<'a>(table: &'a Table, key: &str, problems: &mut Problems) -> Option<&'a Table> {
    let node = table.get(key)?;
    match &node.value {
        Value::Table(inner) => Some(inner),
        other => {
            problems.push(
                Problem::new("manifest::type", format!("`{key}` has the wrong type")).at(
                    &node.place,
                    format!("expected a table, found {}", other.type_name()),
                ),
            );
            None
        }
    }
}

/// `[vars]`; a variable may use those written before it.
fn variables(table: &Table, problems: &mut Problems) -> Bindings {
    let mut bindings = Bindings::default();
    if let Some(vars) = table_of(table, "vars", problems) {
        for entry in &vars.entries {
            let node = substitute::node(&entry.node, &bindings, problems);
            bindings.bind(&entry.key, &node);
        }
    }
    bindings
}

fn declare(
    table: &Table,
    vars: &Bindings,
    matrix: &Matrix,
    kinds: &'static [&'static Kind],
    problems: &mut Problems,
) -> Vec<Declaration> {
    let mut stages = known_stages(table, vars, kinds, problems);
    let order = connect(&mut stages, vars, matrix, problems);
    let Some(order) = order else {
        return Vec::new();
    };
    spread_axes(&mut stages, &order);

    let mut steps: Vec<Declaration> = Vec::new();
    let mut variants_of: HashMap<usize, Vec<usize>> = HashMap::new();
    for index in order {
        let stage = &stages[index];
        let axes: Vec<&str> = stage.axes.iter().map(String::as_str).collect();
        for variant in matrix.variants(&axes) {
            let checked = check_variant(stage, &variant, vars, matrix, problems);
            let inputs = resolve(
                &checked,
                stage,
                &variant,
                &stages,
                &variants_of,
                &steps,
                problems,
            );
            for complaint in (stage.kind.validate)(&checked.values) {
                let place = nearest_place(&checked, &complaint.path, &stage.entry.key_place);
                let mut problem =
                    Problem::new("manifest::value", complaint.message).at(&place, "here");
                if let Some(help) = complaint.help {
                    problem = problem.help(help);
                }
                problems.push(problem);
            }
            variants_of.entry(index).or_default().push(steps.len());
            steps.push(Declaration {
                id: step_id(&stage.entry.key, &variant),
                stage: stage.entry.key.clone(),
                variant,
                kind: stage.kind,
                parameters: checked.values,
                places: checked.places,
                place: stage.entry.key_place.clone(),
                inputs,
                corpora: checked.corpora,
            });
        }
    }
    steps
}

fn step_id(stage: &str, variant: &Variant) -> String {
    if variant.is_empty() {
        return stage.into();
    }
    let parts: Vec<String> = variant
        .iter()
        .map(|(axis, label)| format!("{axis}={label}"))
        .collect();
    format!("{stage}[{}]", parts.join(","))
}

fn known_stages<'a>(
    table: &'a Table,
    vars: &Bindings,
    kinds: &'static [&'static Kind],
    problems: &mut Problems,
) -> Vec<Stage<'a>> {
    let mut stages = Vec::new();
    for entry in &table.entries {
        let name_is_plain = entry
            .key
            .chars()
            .all(|c| c.is_alphanumeric() || c == '_' || c == '-');
        if entry.key.is_empty() || !name_is_plain {
            problems.push(
                Problem::new(
                    "manifest::stage_name",
                    format!("`{}` cannot name a stage", entry.key),
                )
                .at(&entry.key_place, "expected letters, digits, `_` and `-`"),
            );
            continue;
        }
        let Value::Table(inner) = &entry.node.value else {
            problems.push(
                Problem::new(
                    "manifest::type",
                    format!("the stage `{}` has the wrong type", entry.key),
                )
                .at(
                    &entry.node.place,
                    format!("expected a table, found {}", entry.node.value.type_name()),
                ),
            );
            continue;
        };
        let names = || kinds.iter().map(|kind| kind.name);
        let Some(kind_node) = inner.get("kind") else {
            problems.push(
                Problem::new(
                    "manifest::missing_key",
                    format!("the stage `{}` needs the key `kind`", entry.key),
                )
                .at(&entry.key_place, "`kind` is missing")
                .help(suggest(&entry.key, names())),
            );
            continue;
        };
        let kind_name = substitute::node(kind_node, vars, problems).value.describe();
        match kinds.iter().find(|kind| kind.name == kind_name) {
            Some(kind) => {
                stages.push(Stage {
                    entry,
                    table: inner,
                    kind,
                    inputs: Vec::new(),
                    axes: BTreeSet::new(),
                });
            }
            None => problems.push(
                Problem::new(
                    "manifest::unknown_kind",
                    format!("there is no stage kind `{kind_name}`"),
                )
                .at(&kind_node.place, "unknown kind")
                .help(suggest(&kind_name, names())),
            ),
        }
    }
    stages
}

/// Finds which stages take which, and an order; a cycle is a problem and gives none.
fn connect(
    stages: &mut [Stage<'_>],
    vars: &Bindings,
    matrix: &Matrix,
    problems: &mut Problems,
) -> Option<Vec<usize>> {
    let names: HashMap<String, usize> = stages
        .iter()
        .enumerate()
        .map(|(index, stage)| (stage.entry.key.clone(), index))
        .collect();
    let mut graph: DiGraph<usize, Place> = DiGraph::new();
    let nodes: Vec<NodeIndex> = (0..stages.len())
        .map(|index| graph.add_node(index))
        .collect();
    for index in 0..stages.len() {
        let stage = &stages[index];
        let used: BTreeSet<String> = substitute::references(stage.table)
            .iter()
            .filter_map(|name| name.strip_prefix("matrix."))
            .filter_map(|name| name.split('.').next().map(str::to_string))
            .filter(|axis| matrix.axes().any(|known| known == axis))
            .collect();
        let axes: Vec<&str> = used.iter().map(String::as_str).collect();
        let mut inputs = BTreeSet::new();
        for variant in matrix.variants(&axes) {
            // Errors are reported when every variant is checked for good.
            let checked = check_variant(stage, &variant, vars, matrix, &mut Problems::default());
            for input in checked.inputs {
                if let Some(&target) = names.get(&input.stage) {
                    if inputs.insert(target) {
                        let place = nearest_place(
                            &checked_places(&checked.places),
                            &input.path,
                            &stage.entry.key_place,
                        );
                        graph.add_edge(nodes[target], nodes[index], place);
                    }
                }
            }
        }
        stages[index].inputs = inputs.into_iter().collect();
        stages[index].axes = used;
    }
    let mut cyclic = false;
    for component in petgraph::algo::tarjan_scc(&graph) {
        let loops = component.len() > 1
            || component
                .iter()
                .any(|&node| graph.contains_edge(node, node));
        if loops {
            cyclic = true;
            let mut members: Vec<usize> = component.iter().map(|&node| graph[node]).collect();
            members.sort_unstable();
            let list: Vec<String> = members
                .iter()
                .map(|&i| format!("`{}`", stages[i].entry.key))
                .collect();
            let inside = graph.edge_indices().find(|&edge| {
                graph
                    .edge_endpoints(edge)
                    .is_some_and(|(a, b)| component.contains(&a) && component.contains(&b))
            });
            let place = inside.map_or_else(
                || stages[members[0]].entry.key_place.clone(),
                |edge| graph[edge].clone(),
            );
            problems.push(
                Problem::new(
                    "manifest::cycle",
                    format!("{} wait for each other", list.join(", ")),
                )
                .at(&place, "closes the circle")
                .help("a stage can only take what stages before it make"),
            );
        }
    }
    if cyclic {
        return None;
    }
    // Stages in the order of the text wherever their inputs allow it.
    let mut order = Vec::new();
    let mut done = vec![false; stages.len()];
    while order.len() < stages.len() {
        let next = (0..stages.len())
            .find(|&i| !done[i] && stages[i].inputs.iter().all(|&input| done[input]))?;
        done[next] = true;
        order.push(next);
    }
    Some(order)
}

fn spread_axes(stages: &mut [Stage<'_>], order: &[usize]) {
    for &index in order {
        if stages[index].kind.gathers {
            continue;
        }
        let inherited: Vec<String> = stages[index]
            .inputs
            .iter()
            .flat_map(|&input| stages[input].axes.iter().cloned())
            .collect();
        stages[index].axes.extend(inherited);
    }
}

fn check_variant(
    stage: &Stage<'_>,
    variant: &Variant,
    vars: &Bindings,
    matrix: &Matrix,
    problems: &mut Problems,
) -> Checked {
    let mut bindings = vars.clone();
    matrix.bind(variant, &mut bindings);
    let table = substitute::table(stage.table, &bindings, problems);
    let what = format!("`{}` (kind {})", stage.entry.key, stage.kind.name);
    check(
        &table,
        &stage.entry.key_place,
        &what,
        stage.kind.parameters,
        &["kind"],
        problems,
    )
}

fn checked_places(places: &HashMap<String, Place>) -> Checked {
    Checked {
        values: Map::new(),
        places: places.clone(),
        inputs: Vec::new(),
        corpora: Vec::new(),
    }
}

fn nearest_place(checked: &Checked, path: &str, fallback: &Place) -> Place {
    let mut path = path;
    loop {
        if let Some(place) = checked.places.get(path) {
            return place.clone();
        }
        match path.rsplit_once('.') {
            Some((parent, _)) => path = parent,
            None => return fallback.clone(),
        }
    }
}

fn resolve(
    checked: &Checked,
    stage: &Stage<'_>,
    variant: &Variant,
    stages: &[Stage<'_>],
    variants_of: &HashMap<usize, Vec<usize>>,
    steps: &[Declaration],
    problems: &mut Problems,
) -> BTreeMap<String, Vec<usize>> {
    let mut inputs = BTreeMap::new();
    for input in &checked.inputs {
        let place = nearest_place(checked, &input.path, &stage.entry.key_place);
        let Some(target) = stages
            .iter()
            .position(|other| other.entry.key == input.stage)
        else {
            let names = stages.iter().map(|other| other.entry.key.as_str());
            problems.push(
                Problem::new(
                    "manifest::unknown_input",
                    format!("there is no stage `{}`", input.stage),
                )
                .at(&place, "unknown stage")
                .help(suggest(
                    &input.stage,
                    names.filter(|name| *name != stage.entry.key),
                )),
            );
            continue;
        };
        let known = variants_of.get(&target).map_or(&[][..], Vec::as_slice);
        let fitting = known.iter().copied().filter(|&step| {
            steps[step].variant.iter().all(|(axis, label)| {
                variant
                    .iter()
                    .find(|(mine, _)| mine == axis)
                    .is_none_or(|(_, mine)| mine == label)
            })
        });
        let fitting: Vec<usize> = fitting.collect();
        if let Some(&first) = fitting.first() {
            let made = (steps[first].kind.output)(&steps[first].parameters);
            if !input.accepts.contains(&made) {
                let accepted: Vec<&str> = input.accepts.iter().map(|kind| kind.name()).collect();
                problems.push(
                    Problem::new(
                        "manifest::wrong_artifact",
                        format!(
                            "`{}` makes {}, but {} is wanted here",
                            input.stage,
                            made.name(),
                            accepted.join(" or ")
                        ),
                    )
                    .at(
                        &place,
                        format!("expected a stage that makes {}", accepted.join(" or ")),
                    )
                    .help(suggest(
                        "",
                        steps
                            .iter()
                            .filter(|step| {
                                input
                                    .accepts
                                    .contains(&(step.kind.output)(&step.parameters))
                            })
                            .map(|step| step.stage.as_str()),
                    )),
                );
            }
        }
        inputs.insert(input.path.clone(), fitting);
    }
    inputs
}
