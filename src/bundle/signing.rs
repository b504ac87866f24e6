//! Signing a bundle with a secret key of minisign.

use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use ct_codecs::{Base64, Decoder};
use minisign::{PublicKey, SecretKey, SecretKeyBox};
use pipe_foundation::durable;
use pipe_foundation::regular_file;
use pipe_foundation::system::{RealSystem, System};

use super::signature::{SignatureError, read_short, signature_path};

/// How many bytes a secret key has, in base64 on the second line of its file: `Ed` for Ed25519, `Sc` for scrypt or zeros
/// where there is no password, `B2` for BLAKE2b, what scrypt needs, the key, and a checksum.
const KEY_BYTES: usize = 158;
/// Where the checksum begins.
const CHECKSUM: usize = 126;

/// A key to sign with.
pub struct SigningKey {
    path: PathBuf,
    secret: SecretKey,
    public: PublicKey,
}

impl SigningKey {
    /// Reads the key in the file `path`; `ask` gives its password, if it has one, or none where nobody can be asked.
    ///
    /// # Errors
    /// Where it cannot be read or is no secret key, and without the right password.
    pub fn read(
        path: &Path,
        ask: impl FnOnce() -> std::io::Result<Option<String>>,
    ) -> Result<Self, SignatureError> {
        let text = read_short(path)?;
        let refused = |reason: String| SignatureError::SecretKey {
            path: path.into(),
            reason,
        };
        let line = text.lines().nth(1).unwrap_or_default();
        let bytes = Base64::decode_to_vec(line.trim(), None).unwrap_or_default();
        if bytes.len() != KEY_BYTES || !bytes.starts_with(b"Ed") {
            let reason = "it does not have the form of a secret key of minisign";
            return Err(refused(reason.into()));
        }
        let secret = match &bytes[2..4] {
            b"Sc" => {
                let password = ask().map_err(|error| refused(error.to_string()))?;
                let path = path.into();
                let password = password.ok_or(SignatureError::NoTerminal { path })?;
                SecretKeyBox::from(text).into_secret_key(Some(password))
            }
            // `minisign -G -W` writes no checksum. Signing compares both halves of the key.
            _ if bytes[CHECKSUM..].iter().all(|byte| *byte == 0) => SecretKey::from_bytes(&bytes),
            _ => SecretKeyBox::from(text).into_unencrypted_secret_key(),
        };
        let secret = secret.map_err(|error| refused(error.to_string()))?;
        let public = PublicKey::from_secret_key(&secret);
        Ok(Self {
            path: path.into(),
            public: public.map_err(|error| refused(error.to_string()))?,
            secret,
        })
    }

    /// The key that checks what this one has signed.
    pub fn public_key(&self) -> String {
        self.public.to_base64()
    }

    /// The signature of a text, with a comment that can be trusted as the text can.
    ///
    /// # Errors
    /// Where the key does not sign.
    pub fn sign_text(&self, text: &[u8], comment: &str) -> Result<String, SignatureError> {
        let signed = minisign::sign(
            Some(&self.public),
            &self.secret,
            text,
            Some(comment),
            Some("signature of pipe"),
        );
        let signed = signed.map_err(|error| SignatureError::SecretKey {
            path: self.path.clone(),
            reason: error.to_string(),
        })?;
        Ok(signed.to_string())
    }

    /// Writes the signature of `bundle` beside it, and gives its path.
    ///
    /// # Errors
    /// Where the bundle cannot be read or the signature not be written.
    pub fn sign(&self, bundle: &Path) -> Result<PathBuf, SignatureError> {
        let file = regular_file::open(bundle);
        let file = file.map_err(|error| SignatureError::file(bundle, error))?;
        let comment = trusted_comment(bundle);
        let signed = minisign::sign(
            Some(&self.public),
            &self.secret,
            file,
            Some(&comment),
            Some("signature of a bundle of pipe"),
        );
        let signature = signed.map_err(|error| SignatureError::SecretKey {
            path: self.path.clone(),
            reason: error.to_string(),
        })?;
        let path = signature_path(bundle);
        let written = durable::write(&RealSystem, &path, signature.to_string().as_bytes());
        written.map_err(|error| SignatureError::file(&path, error))?;
        Ok(path)
    }
}

/// What `minisign -S` writes there: when which file was signed.
fn trusted_comment(bundle: &Path) -> String {
    let since = RealSystem.now().duration_since(UNIX_EPOCH);
    let seconds = since.map_or(0, |since| since.as_secs());
    let name = bundle.file_name().unwrap_or_default().to_string_lossy();
    // It ends with its line.
    let name = name.replace(char::is_control, "?");
    format!("timestamp:{seconds}\tfile:{name}\thashed")
}
