//! Signatures of entries of a remote cache: minisign, as of bundles, so that people have one kind of key.

use std::fmt;

use minisign_verify::{PublicKey, Signature};
use pipe_engine::cache::remote::{Distrust, Signatures};

use crate::bundle::{SignatureError, SigningKey, public_key};

/// The key that signs, and those that are trusted.
pub struct MinisignKeys {
    trusted: Vec<PublicKey>,
    own: Option<SigningKey>,
    /// Whether only what a trusted key has signed counts.
    checks: bool,
}

impl MinisignKeys {
    /// The keys as they are configured; what `own` has signed is trusted too.
    ///
    /// # Errors
    /// Where one of them is no public key.
    pub fn new(trusted: &[String], own: Option<SigningKey>) -> Result<Self, SignatureError> {
        let checks = !trusted.is_empty();
        let own_public = own.as_ref().map(SigningKey::public_key);
        let trusted = trusted.iter().chain(&own_public);
        let trusted = trusted.map(|key| Ok(public_key(key)?.1));
        Ok(Self {
            trusted: trusted.collect::<Result<_, SignatureError>>()?,
            own,
            checks,
        })
    }
}

impl fmt::Debug for MinisignKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MinisignKeys({} trusted)", self.trusted.len())
    }
}

impl Signatures for MinisignKeys {
    fn sign(&self, text: &[u8]) -> Result<Option<String>, String> {
        let own = self.own.as_ref();
        let signed = own.map(|own| own.sign_text(text, "entries of a remote cache of pipe"));
        signed.transpose().map_err(|error| error.to_string())
    }

    fn check(&self, text: &[u8], signature: Option<&str>) -> Result<(), Distrust> {
        if !self.checks {
            return Ok(());
        }
        let signature = signature.ok_or(Distrust::Unsigned)?;
        let signature = Signature::decode(signature).map_err(|_| Distrust::Stranger)?;
        let mut keys = self.trusted.iter();
        match keys.any(|key| key.verify(text, &signature, false).is_ok()) {
            true => Ok(()),
            false => Err(Distrust::Stranger),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// A key without a password, in a file.
    fn key(path: &Path) -> SigningKey {
        let pair = minisign::KeyPair::generate_unencrypted_keypair().unwrap();
        let text = pair.sk.to_box(None).unwrap().to_string();
        std::fs::write(path, text).unwrap();
        SigningKey::read(path, || Ok(None)).unwrap()
    }

    #[test]
    fn what_a_trusted_key_has_signed_counts_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let key = |name: &str| key(&folder.path().join(name));
        let (friend, stranger) = (key("friend"), key("stranger"));
        let trusted = [friend.public_key()];
        let reader = MinisignKeys::new(&trusted, None).unwrap();
        let sign = |own: SigningKey| {
            let keys = MinisignKeys::new(&[], Some(own)).unwrap();
            // Who trusts nobody in particular trusts everybody.
            assert_eq!(keys.check(b"text", None), Ok(()));
            keys.sign(b"text").unwrap().unwrap()
        };
        let (friends, strangers) = (sign(friend), sign(stranger));
        assert_eq!(reader.check(b"text", Some(&friends)), Ok(()));
        assert_eq!(
            reader.check(b"texT", Some(&friends)),
            Err(Distrust::Stranger)
        );
        assert_eq!(
            reader.check(b"text", Some(&strangers)),
            Err(Distrust::Stranger)
        );
        assert_eq!(
            reader.check(b"text", Some("no signature")),
            Err(Distrust::Stranger)
        );
        assert_eq!(reader.check(b"text", None), Err(Distrust::Unsigned));
        assert_eq!(reader.sign(b"text"), Ok(None));
        assert!(MinisignKeys::new(&["no key".into()], None).is_err());
    }
}
