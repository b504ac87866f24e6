//! `pipe graph`: the steps as Graphviz or Mermaid.

use pipe_engine::plan::Plan;
use pipe_nn::model::Devices;

use super::arguments::{Common, GraphArguments, GraphFormat};
use super::console::print;
use super::context;
use super::error::CliError;

/// Prints the graph.
pub fn graph(arguments: &GraphArguments, common: &Common) -> Result<u8, CliError> {
    let plan = context::plan(&arguments.manifest, Devices::default(), common)?;
    print(&match arguments.format {
        GraphFormat::Dot => dot(&plan),
        GraphFormat::Mermaid => mermaid(&plan),
    })?;
    Ok(0)
}

fn dot(plan: &Plan) -> String {
    let mut text = format!(
        "digraph {:?} {{\n  rankdir = LR;\n  node [shape = box, fontname = \"sans-serif\"];\n",
        plan.name
    );
    for (index, step) in plan.steps.iter().enumerate() {
        let shape = if step.is_item_wise() {
            ", style = rounded"
        } else {
            ""
        };
        text.push_str(&format!(
            "  s{index} [label = \"{}\\n{}\"{shape}];\n",
            step.id().replace('\\', "\\\\").replace('"', "\\\""),
            step.declaration.kind.name
        ));
    }
    for (index, step) in plan.steps.iter().enumerate() {
        for input in step.input_steps() {
            text.push_str(&format!("  s{input} -> s{index};\n"));
        }
    }
    text.push_str("}\n");
    text
}

fn mermaid(plan: &Plan) -> String {
    let mut text = String::from("flowchart LR\n");
    for (index, step) in plan.steps.iter().enumerate() {
        let (open, close) = if step.is_item_wise() {
            ("(", ")")
        } else {
            ("[", "]")
        };
        text.push_str(&format!(
            "  s{index}{open}\"{}<br/><small>{}</small>\"{close}\n",
            step.id()
                .replace('&', "&amp;")
                .replace('"', "&quot;")
                .replace('<', "&lt;"),
            step.declaration.kind.name
        ));
    }
    for (index, step) in plan.steps.iter().enumerate() {
        for input in step.input_steps() {
            text.push_str(&format!("  s{input} --> s{index}\n"));
        }
    }
    text
}
