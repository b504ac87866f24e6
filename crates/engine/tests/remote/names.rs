//! Signatures that are names.

use pipe_engine::cache::remote::{Distrust, Signatures};
use pipe_foundation::Digest;

/// Signs with a name, and trusts some.
#[derive(Debug)]
pub struct Names {
    pub own: Option<&'static str>,
    pub trusted: &'static [&'static str],
}

impl Signatures for Names {
    fn sign(&self, text: &[u8]) -> Result<Option<String>, String> {
        Ok(self.own.map(|own| format!("{own} {}", Digest::of(text))))
    }

    fn check(&self, text: &[u8], signature: Option<&str>) -> Result<(), Distrust> {
        let signature = signature.ok_or(Distrust::Unsigned)?;
        let right = |name: &&&str| signature == format!("{name} {}", Digest::of(text));
        self.trusted
            .iter()
            .find(right)
            .map(drop)
            .ok_or(Distrust::Stranger)
    }
}
