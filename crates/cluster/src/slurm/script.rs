//! The script of an array: what it asks for, then what each task runs.

use std::path::Path;

use crate::cluster::Submission;
use crate::job_array::DependencyKind;

use super::ranges::ranges;
use super::settings::SlurmSettings;

/// The text of a script for `sbatch`.
pub fn text(submission: &Submission, settings: &SlurmSettings) -> String {
    let mut options = vec![
        format!("--job-name={}", submission.name),
        format!("--array={}", tasks(submission, settings)),
        format!("--chdir={}", path(&submission.folder)),
        format!("--output={}", log(&submission.log)),
        // What was pre-empted or lost with its machine starts again, and goes on with its log.
        "--open-mode=append".into(),
        "--requeue".into(),
    ];
    if let Some(dependency) = dependency(submission) {
        options.push(format!("--dependency={dependency}"));
        options.push("--kill-on-invalid-dep=yes".into());
    }
    options.extend(resources(submission, settings));
    options.extend(settings.sbatch.iter().cloned());
    let options = options.iter().map(|option| format!("#SBATCH {option}\n"));
    format!(
        "#!/bin/sh\n{}TASK=$SLURM_ARRAY_TASK_ID\nCORES=${{SLURM_CPUS_ON_NODE:-1}}\n{}",
        options.collect::<String>(),
        submission.script
    )
}

fn tasks(submission: &Submission, settings: &SlurmSettings) -> String {
    let all = ranges(&submission.tasks);
    match settings.at_once {
        Some(most) => format!("{all}%{}", most.max(1)),
        None => all,
    }
}

fn dependency(submission: &Submission) -> Option<String> {
    let words = submission.after.iter().map(|(kind, job)| {
        let kind = match kind {
            DependencyKind::AfterOk => "afterok",
            DependencyKind::AfterCorresponding => "aftercorr",
            DependencyKind::AfterAny => "afterany",
        };
        format!("{kind}:{job}")
    });
    let words: Vec<String> = words.collect();
    (!words.is_empty()).then(|| words.join(","))
}

fn resources(submission: &Submission, settings: &SlurmSettings) -> Vec<String> {
    let asked = submission.resources;
    let given = |asked: u64| Some(asked).filter(|asked| *asked > 0);
    let cores = given(asked.cores as u64);
    let memory = given(asked.memory_bytes);
    let minutes = given(asked.minutes);
    let on_device = asked.devices > 0;
    let partition = match on_device {
        true => settings
            .device_partition
            .as_ref()
            .or(settings.partition.as_ref()),
        false => settings.partition.as_ref(),
    };
    let gres = on_device.then(|| {
        let gres = settings.gres.as_deref().unwrap_or("gpu:{devices}");
        gres.replace("{devices}", &asked.devices.to_string())
    });
    let mut options = Vec::new();
    let mut add = |name: &str, value: Option<String>| {
        options.extend(value.map(|value| format!("--{name}={value}")));
    };
    add("partition", partition.cloned());
    add("account", settings.account.clone());
    add("cpus-per-task", cores.map(|cores| cores.to_string()));
    // Slurm counts in 2^20 bytes.
    add(
        "mem",
        memory.map(|bytes| format!("{}M", bytes.div_ceil(1 << 20))),
    );
    add("time", minutes.map(|minutes| minutes.to_string()));
    add("gres", gres);
    options
}

/// A path as a value in a line of `#SBATCH`.
fn path(path: &Path) -> String {
    format!("\"{}\"", path.to_string_lossy())
}

/// The path of a log, in which Slurm fills in the number of the task.
fn log(log: &Path) -> String {
    let escaped = log.to_string_lossy().replace('%', "%%");
    path(Path::new(&escaped.replace("{task}", "%a")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::work::Resources;

    #[test]
    fn a_script_asks_for_what_its_tasks_need_as_the_settings_say() {
        let submission = Submission {
            name: "train.ab12.3".into(),
            tasks: vec![0, 1, 2, 5],
            after: vec![
                (DependencyKind::AfterOk, 7),
                (DependencyKind::AfterCorresponding, 8),
            ],
            resources: Resources {
                cores: 4,
                memory_bytes: 3 << 30,
                devices: 2,
                minutes: 90,
            },
            script: "pipe step a.toml --tasks f --task \"$TASK\"\n".into(),
            file: "jobs/ab12/array-3.sh".into(),
            folder: "/home/me/my project".into(),
            log: "/cache/100%/logs/3_{task}.log".into(),
        };
        let settings = SlurmSettings {
            partition: Some("short".into()),
            device_partition: Some("gpu".into()),
            account: Some("lab".into()),
            at_once: Some(8),
            sbatch: vec!["--exclude=node7".into()],
            ..SlurmSettings::default()
        };
        let expected = "#!/bin/sh
#SBATCH --job-name=train.ab12.3
#SBATCH --array=0-2,5%8
#SBATCH --chdir=\"/home/me/my project\"
#SBATCH --output=\"/cache/100%%/logs/3_%a.log\"
#SBATCH --open-mode=append
#SBATCH --requeue
#SBATCH --dependency=afterok:7,aftercorr:8
#SBATCH --kill-on-invalid-dep=yes
#SBATCH --partition=gpu
#SBATCH --account=lab
#SBATCH --cpus-per-task=4
#SBATCH --mem=3072M
#SBATCH --time=90
#SBATCH --gres=gpu:2
#SBATCH --exclude=node7
TASK=$SLURM_ARRAY_TASK_ID
CORES=${SLURM_CPUS_ON_NODE:-1}
pipe step a.toml --tasks f --task \"$TASK\"
";
        assert_eq!(text(&submission, &settings), expected);
    }
}
