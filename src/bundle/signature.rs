//! Minisign signatures of bundles: who vouches for a bundle, found out before anything of it is unpacked.
//!
//! A signature is a file of four lines in the format of <https://jedisct1.github.io/minisign/>: every minisign makes and
//! checks it. It covers the BLAKE2b-512 digest of the bundle, and a comment, which can be trusted for that.

use std::ffi::OsString;
use std::io::Read;
use std::path::{Path, PathBuf};

use miette::Diagnostic;
use minisign_verify::{Error as VerifyError, PublicKey, Signature};
use pipe_foundation::regular_file;
use serde::Serialize;
use thiserror::Error;

use super::opened::OpenedBundle;

/// How many bytes of a bundle are hashed at once.
const BLOCK_BYTES: usize = 1 << 20;
/// The longest key or signature that is read; a comment of minisign has at most 8 KiB.
const LONGEST_BYTES: u64 = 64 << 10;

/// Why a bundle has no good signature, or gets none.
#[derive(Debug, Error, Diagnostic)]
pub enum SignatureError {
    /// What was given is no public key.
    #[error("`{given}` is not a public key of minisign: {reason}")]
    #[diagnostic(
        code(signature::public_key),
        help(
            "give the key, which begins with RW and is the second line of a file such as minisign.pub, or the path of that file"
        )
    )]
    PublicKey {
        /// What was given.
        given: String,
        /// What is wrong with it.
        reason: String,
    },
    /// There is no signature where it should be.
    #[error("{} is not signed: there is no {}", bundle.display(), signature.display())]
    #[diagnostic(
        code(signature::missing),
        help(
            "get the signature from whoever made the bundle, and put it there or name it with --signature; nothing was unpacked"
        )
    )]
    Missing {
        /// The bundle.
        bundle: PathBuf,
        /// Where its signature was looked for.
        signature: PathBuf,
    },
    /// A file cannot be read or written.
    #[error("cannot use {}: {reason}", path.display())]
    #[diagnostic(code(signature::file))]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// It is no signature.
    #[error("{} is not a signature of minisign: {reason}", path.display())]
    #[diagnostic(
        code(signature::malformed),
        help("get it again from whoever made the bundle; nothing was unpacked")
    )]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// Somebody else has signed.
    #[error("{} was made with another key than {key}", signature.display())]
    #[diagnostic(
        code(signature::other_key),
        help(
            "nothing was unpacked: ask whoever you expect the bundle from which key is theirs, and do not take that from where the bundle came from"
        )
    )]
    OtherKey {
        /// The signature.
        signature: PathBuf,
        /// The key that was given.
        key: String,
    },
    /// The bundle, or the comment, is not what was signed.
    #[error("{} does not match {}: one of them is not as it was signed", signature.display(), bundle.display())]
    #[diagnostic(
        code(signature::mismatch),
        help("nothing was unpacked: get both again from whoever made the bundle")
    )]
    Mismatch {
        /// The bundle.
        bundle: PathBuf,
        /// Its signature.
        signature: PathBuf,
    },
    /// It is no key to sign with.
    #[error("cannot sign with {}: {reason}", path.display())]
    #[diagnostic(
        code(signature::secret_key),
        help("`minisign -G` makes a pair of keys; the secret one is in ~/.minisign/minisign.key")
    )]
    SecretKey {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// Nobody is there to say the password.
    #[error("{} has a password, and there is no terminal to ask for it", path.display())]
    #[diagnostic(
        code(signature::password),
        help(
            "sign on a terminal, or by `minisign -S -m BUNDLE`; a key made by `minisign -G -W` has no password"
        )
    )]
    NoTerminal {
        /// The file of the key.
        path: PathBuf,
    },
}

impl SignatureError {
    pub(super) fn file(path: &Path, reason: impl ToString) -> Self {
        Self::File {
            path: path.into(),
            reason: reason.to_string(),
        }
    }
}

/// A signature that was found to be good.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Signed {
    /// The key, as it was given or is in its file.
    pub public_key: String,
    /// What its owner has signed besides the bundle.
    pub trusted_comment: String,
}

/// The signature that belongs beside `bundle`.
pub fn signature_path(bundle: &Path) -> PathBuf {
    let mut path = OsString::from(bundle);
    path.push(".minisig");
    path.into()
}

/// Makes sure that a bundle is what the owner of `public_key` has signed; the signature is in the file `signature`, or
/// beside the bundle. The key is given itself, or as a file with a line of comment before it.
///
/// # Errors
/// Where any of them cannot be read or is not what it should be, the signature is missing, is of another key, or does not
/// match.
pub fn check_signature(
    opened: &OpenedBundle,
    signature: Option<&Path>,
    public_key: &str,
) -> Result<Signed, SignatureError> {
    let bundle = &*opened.path;
    let (encoded, key) = self::public_key(public_key)?;
    let path = signature.map_or_else(|| signature_path(bundle), Path::to_path_buf);
    if path
        .symlink_metadata()
        .is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound)
    {
        return Err(SignatureError::Missing {
            bundle: bundle.into(),
            signature: path,
        });
    }
    let text = read_short(&path)?;
    let refused = |error| match error {
        VerifyError::UnexpectedKeyId => SignatureError::OtherKey {
            signature: path.clone(),
            key: encoded.clone(),
        },
        VerifyError::UnsupportedLegacyMode => SignatureError::Malformed {
            path: path.clone(),
            reason: "it is of the old kind, which `minisign -S -l` still makes",
        },
        VerifyError::InvalidSignature => SignatureError::Mismatch {
            bundle: bundle.into(),
            signature: path.clone(),
        },
        _ => SignatureError::Malformed {
            path: path.clone(),
            reason: "it has not the four lines of one",
        },
    };
    let signature = Signature::decode(&text).map_err(refused)?;
    let mut verifier = key.verify_stream(&signature).map_err(refused)?;
    let failed = |error: std::io::Error| SignatureError::file(bundle, error);
    let mut file = opened.bytes().map_err(failed)?;
    let mut block = vec![0; BLOCK_BYTES];
    loop {
        let count = file.read(&mut block).map_err(failed)?;
        if count == 0 {
            break;
        }
        verifier.update(&block[..count]);
    }
    verifier.finalize().map_err(refused)?;
    Ok(Signed {
        trusted_comment: signature.trusted_comment().to_owned(),
        public_key: encoded,
    })
}

/// A public key as text, and as what it means; it is given itself, or as a file with a line of comment before it.
///
/// # Errors
/// Where it is neither.
pub fn public_key(given: &str) -> Result<(String, PublicKey), SignatureError> {
    let given = given.trim();
    if let Ok(key) = PublicKey::from_base64(given) {
        return Ok((given.to_owned(), key));
    }
    let refused = |reason: &str| SignatureError::PublicKey {
        given: given.into(),
        reason: reason.into(),
    };
    let path = Path::new(given);
    if path.symlink_metadata().is_err() {
        return Err(refused(
            "it does not have the form of one, and there is no such file",
        ));
    }
    let text = read_short(path)?;
    let line = text.lines().map(str::trim).rfind(|line| !line.is_empty());
    let line = line.ok_or_else(|| refused("the file is empty"))?;
    let key = PublicKey::from_base64(line);
    let key =
        key.map_err(|_| refused("the last line of the file does not have the form of one"))?;
    Ok((line.to_owned(), key))
}

/// The text of a file that is never long.
pub(super) fn read_short(path: &Path) -> Result<String, SignatureError> {
    let file = regular_file::open(path).map_err(|error| SignatureError::file(path, error))?;
    let mut bytes = Vec::new();
    let read = file.take(LONGEST_BYTES + 1).read_to_end(&mut bytes);
    read.map_err(|error| SignatureError::file(path, error))?;
    if bytes.len() as u64 > LONGEST_BYTES {
        let reason = format!("it has more than {LONGEST_BYTES} bytes");
        return Err(SignatureError::file(path, reason));
    }
    // What is no text has not the form of a key or signature either.
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
