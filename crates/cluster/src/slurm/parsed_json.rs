//! What `squeue --json` prints. Its form differs between versions: a number may be one, or an object with `set` and `number`;
//! a state may be a word, or a list of words.

use serde_json::Value as Json;

use crate::task_state::TaskStatus;

use super::states::state;

/// Why there are no tasks in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoTasks {
    /// It is no JSON of jobs.
    NotJson,
    /// It says that the jobs could not be found out, though the program ended well.
    Errors(String),
}

/// The tasks of all arrays.
///
/// # Errors
/// Where the text is another, or says that something went wrong: jobs that it lacks may be there all the same.
pub fn tasks(text: &str) -> Result<Vec<TaskStatus>, NoTasks> {
    // Wrappers of sites may print something before.
    let json = text.find('{').map(|start| &text[start..]);
    let read: Option<Json> = json.and_then(|json| serde_json::from_str(json).ok());
    let read = read.ok_or(NoTasks::NotJson)?;
    let errors = read.get("errors").and_then(Json::as_array);
    if let Some(first) = errors.and_then(|errors| errors.first()) {
        let said = ["description", "error"].map(|name| first.get(name).and_then(Json::as_str));
        let said: Vec<&str> = said
            .into_iter()
            .flatten()
            .filter(|said| !said.is_empty())
            .collect();
        return Err(NoTasks::Errors(said.join(": ")));
    }
    let jobs = read.get("jobs").and_then(Json::as_array);
    let jobs = jobs.ok_or(NoTasks::NotJson)?;
    Ok(jobs.iter().flat_map(tasks_of).collect())
}

/// The tasks that one entry stands for: one that has started, or all that wait.
fn tasks_of(job: &Json) -> Vec<TaskStatus> {
    let text = |name: &str| job.get(name).and_then(Json::as_str).unwrap_or_default();
    let Some(array) = job
        .get("array_job_id")
        .and_then(number)
        .filter(|array| *array > 0)
    else {
        return Vec::new();
    };
    let states: Vec<&str> = match job.get("job_state") {
        Some(Json::String(state)) => vec![state],
        Some(Json::Array(states)) => states.iter().filter_map(Json::as_str).collect(),
        _ => return Vec::new(),
    };
    let reason = text("state_reason");
    let state = state(states, reason, job.get("exit_code").and_then(status));
    let waiting = numbers(text("array_task_string"));
    let tasks = match job.get("array_task_id").and_then(number) {
        _ if !waiting.is_empty() => waiting,
        Some(task) => u32::try_from(task).into_iter().collect(),
        None => Vec::new(),
    };
    let status = |task| TaskStatus {
        name: text("name").into(),
        job: array,
        task,
        state,
        reason: reason.into(),
    };
    tasks.into_iter().map(status).collect()
}

/// A number, in either form; none where it is not set.
fn number(value: &Json) -> Option<u64> {
    match value {
        Json::Object(fields) => {
            let is_set = fields.get("set").and_then(Json::as_bool).unwrap_or(true);
            fields.get("number")?.as_u64().filter(|_| is_set)
        }
        other => other.as_u64(),
    }
}

/// The status of a process as `wait` has it. Later versions take it apart.
fn status(value: &Json) -> Option<i32> {
    let Json::Object(fields) = value else {
        return number(value)?.try_into().ok();
    };
    if fields.contains_key("number") {
        return number(value)?.try_into().ok();
    }
    let signal = fields.get("signal").and_then(|signal| {
        let id = signal.get("id").or_else(|| signal.get("signal_id"))?;
        number(id)
    });
    let code = fields.get("return_code").and_then(number);
    match (signal.filter(|signal| *signal > 0), code) {
        (Some(signal), _) => signal.try_into().ok(),
        (None, Some(code)) => i32::try_from(code).ok()?.checked_shl(8),
        (None, None) => None,
    }
}

/// The numbers in `0-3,7`, before a limit such as `%5`.
fn numbers(list: &str) -> Vec<u32> {
    let list = list.split('%').next().unwrap_or_default();
    let mut numbers = Vec::new();
    for range in list.split(',') {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        // A step of more than one, which we never ask for, is written `0-8:2`.
        if let (Ok(first), Ok(last)) = (first.trim().parse::<u32>(), last.trim().parse::<u32>()) {
            numbers.extend(first..=last.min(first.saturating_add(10_000_000)));
        }
    }
    numbers
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::task_state::{Ending, TaskState};

    #[test]
    fn both_forms_are_read() {
        let earlier = r#"{"jobs": [
            {"array_job_id": 4, "array_task_id": null, "array_task_string": "1-2,5%3", "job_id": 4,
             "job_state": "PENDING", "state_reason": "Resources", "exit_code": 0, "name": "a.x.0"},
            {"array_job_id": 4, "array_task_id": 0, "array_task_string": "", "job_id": 5,
             "job_state": "FAILED", "state_reason": "NonZeroExitCode", "exit_code": 256, "name": "a.x.0"},
            {"array_job_id": 0, "array_task_id": null, "array_task_string": "", "job_id": 6,
             "job_state": "RUNNING", "state_reason": "None", "exit_code": 0, "name": "other"}]}"#;
        let later = r#"{"jobs": [
            {"array_job_id": {"set": true, "infinite": false, "number": 4},
             "array_task_id": {"set": false, "infinite": false, "number": 0},
             "array_task_string": "1-2,5", "job_id": 4, "job_state": ["PENDING"],
             "state_reason": "Resources", "exit_code": {"return_code": {"set": true, "number": 0}}, "name": "a.x.0"},
            {"array_job_id": {"set": true, "infinite": false, "number": 4},
             "array_task_id": {"set": true, "infinite": false, "number": 0},
             "array_task_string": "", "job_id": 5, "job_state": ["FAILED"], "state_reason": "NonZeroExitCode",
             "exit_code": {"status": ["ERROR"], "return_code": {"set": true, "infinite": false, "number": 1},
                           "signal": {"id": {"set": false, "infinite": false, "number": 0}, "name": ""}},
             "name": "a.x.0"}]}"#;
        for text in [earlier, later] {
            let tasks = tasks(text).unwrap();
            let numbers: Vec<u32> = tasks.iter().map(|task| task.task).collect();
            assert_eq!(numbers, [1, 2, 5, 0]);
            assert!(
                tasks
                    .iter()
                    .all(|task| task.job == 4 && task.name == "a.x.0")
            );
            assert_eq!(tasks[0].state, TaskState::Waiting);
            assert_eq!(tasks[3].state, TaskState::Ended(Ending::Badly(Some(1))));
        }
    }

    #[test]
    fn a_signal_is_told_from_an_exit_code() {
        let killed = r#"{"jobs": [{"array_job_id": 4, "array_task_id": 0, "job_state": ["FAILED"], "state_reason": "",
            "exit_code": {"return_code": {"set": true, "number": 0}, "signal": {"id": {"set": true, "number": 9}}}, "name": "a"}]}"#;
        assert_eq!(
            tasks(killed).unwrap()[0].state,
            TaskState::Ended(Ending::Killed(9))
        );
    }

    #[test]
    fn jobs_that_could_not_be_found_out_are_not_taken_for_gone() {
        assert_eq!(tasks("squeue: no such option"), Err(NoTasks::NotJson));
        assert_eq!(tasks("{\"meta\": {}}"), Err(NoTasks::NotJson));
        assert_eq!(tasks("{\"errors\": [], \"jobs\": []}"), Ok(Vec::new()));
        let down = r#"{"errors": [{"description": "Failed while looking for jobs", "error_number": -1,
            "error": "Unspecified error", "source": "slurm_load_jobs"}], "jobs": []}"#;
        let said = "Failed while looking for jobs: Unspecified error";
        assert_eq!(tasks(down), Err(NoTasks::Errors(said.into())));
    }
}
