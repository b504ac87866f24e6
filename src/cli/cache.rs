//! `pipe cache`: what it holds, and whether it is whole.

use crate::cache::{usage, verify};

use super::arguments::{CacheAction, CacheArguments, Common};
use super::lines::{bytes_text, counted};
use super::{CliError, context, print};

/// Does what was asked.
pub fn cache(arguments: &CacheArguments, common: &Common) -> Result<u8, CliError> {
    if !common.cache.is_dir() {
        return Err(CliError::Usage {
            message: format!("there is no cache at {}", common.cache.display()),
            help: "`pipe run` makes one; name another with --cache".into(),
        });
    }
    match arguments.action {
        CacheAction::Du => {
            let parts = usage(&common.cache);
            if common.json {
                let text: String = parts
                    .iter()
                    .map(|part| format!("{}\n", serde_json::json!(part)))
                    .collect();
                print(&text)?;
                return Ok(0);
            }
            let total: u64 = parts.iter().map(|part| part.bytes).sum();
            let mut text = String::new();
            for part in parts.iter().filter(|part| part.bytes > 0) {
                text.push_str(&format!(
                    "{:>10}  {:>14}  {}\n",
                    bytes_text(part.bytes),
                    counted(part.files as usize, "file"),
                    part.name
                ));
            }
            text.push_str(&format!(
                "{:>10}  in {}\n",
                bytes_text(total),
                common.cache.display()
            ));
            print(&text)?;
            Ok(0)
        }
        CacheAction::Verify => {
            let cache = context::cache(common, false)?;
            let found = verify(&cache)?;
            if common.json {
                print(&format!("{}\n", serde_json::json!(found)))?;
            } else {
                let mut text: String = found
                    .damaged
                    .iter()
                    .map(|name| format!("damaged: {name}\n"))
                    .collect();
                text.push_str(&format!(
                    "{}, {}, {}, {} read: {}\n",
                    counted(found.objects, "object"),
                    counted(found.items, "item"),
                    counted(found.records, "step record"),
                    bytes_text(found.bytes),
                    match found.damaged.len() {
                        0 => "all whole".to_string(),
                        count => format!("{count} damaged; the next run makes what it needs again"),
                    }
                ));
                print(&text)?;
            }
            Ok(u8::from(!found.damaged.is_empty()))
        }
    }
}
