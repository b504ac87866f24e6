//! What a run tells of the remote cache.

use crate::cache::remote::{Notice, Remote};

use super::event::Event;
use super::observer::Observer;

/// Tells what has happened between the cache and its remote one since the last time; warnings are about `plan`.
pub fn tell(remote: &Remote, plan: &str, observer: &dyn Observer) {
    let url = || remote.url().to_owned();
    let warn = |message: String| {
        observer.event(&Event::Warning {
            step: plan.into(),
            message,
        });
    };
    for notice in remote.take_notices() {
        match notice {
            Notice::Off { reason } => {
                warn(format!(
                    "the remote cache {} is not used any more, and the run goes on without it: {reason}",
                    url()
                ));
                observer.event(&Event::RemoteOff { url: url(), reason });
            }
            Notice::Refused { segments, reason } => {
                let parts = match segments {
                    1 => "1 part of its index is".to_owned(),
                    _ => format!("{segments} parts of its index are"),
                };
                warn(format!(
                    "{parts} not used of the remote cache {}: {reason}; what only they name is computed",
                    url()
                ));
                observer.event(&Event::RemoteRefused {
                    url: url(),
                    segments,
                    reason,
                });
            }
            Notice::Damaged { parts } => {
                let count = match parts {
                    1 => "1 part".to_owned(),
                    _ => format!("{parts} parts"),
                };
                warn(format!(
                    "{count} of the remote cache {} did not come, or not as its index says; what they held is computed",
                    url()
                ));
                observer.event(&Event::RemoteDamaged { url: url(), parts });
            }
            Notice::Fetched(moved) => observer.event(&Event::RemoteFetched {
                url: url(),
                results: moved.results,
                items: moved.items,
                bytes: moved.bytes,
            }),
            Notice::Pushed(moved) => observer.event(&Event::RemotePushed {
                url: url(),
                results: moved.results,
                items: moved.items,
                bytes: moved.bytes,
            }),
            Notice::Left { results, reason } => warn(format!(
                "{results} results are not at the remote cache {} yet: {reason}; the next run or `pipe cache push` sends them",
                url()
            )),
        }
    }
}
