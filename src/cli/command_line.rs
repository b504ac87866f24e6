//! The programs that a plan starts, as its manifest has them.

use pipe_engine::plan::Step;
use serde_json::Value as Json;

use pipe_stages::stage::COMMAND;

/// What the manifest says that a `command` step is to run; none of other kinds.
pub fn command_parameter(step: &Step) -> Option<&Json> {
    let declaration = &step.declaration;
    let is_command = declaration.kind.name == COMMAND;
    declaration.parameters.get("run").filter(|_| is_command)
}

/// The program that a step starts, or the line for a shell.
pub fn command_line(step: &Step) -> Option<String> {
    Some(match command_parameter(step)? {
        Json::String(line) => line.trim().to_owned(),
        other => other.to_string(),
    })
}
