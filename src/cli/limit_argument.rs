//! `--limit NAME=NUMBER`: how much a manifest may ask for.

use std::fmt;

use pipe_engine::manifest::Limits;

use pipe_stages::byte_size::parse_bytes;

/// One limit as the command line sets it.
#[derive(Clone, Debug)]
pub struct LimitArgument {
    name: String,
    most: u64,
}

/// As it is given.
impl fmt::Display for LimitArgument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.name, self.most)
    }
}

/// Reads `variants=200000`, or `file_bytes=1GB`.
///
/// # Errors
/// What is expected.
pub fn parse_limit(text: &str) -> Result<LimitArgument, String> {
    let Some((name, most)) = text.split_once('=') else {
        return Err("expected NAME=NUMBER, such as variants=200000".into());
    };
    let is_size = name.ends_with("_bytes");
    let number = most.parse::<u64>().ok();
    let most = match number.or_else(|| parse_bytes(most).ok().filter(|_| is_size)) {
        Some(most) => most,
        None if is_size => {
            let told = parse_bytes(most).err().unwrap_or_default();
            return Err(format!("expected bytes, such as 3000000 or 3MB: {told}"));
        }
        None => return Err("expected a whole number, such as variants=200000".into()),
    };
    Limits::default().set(name, most)?;
    Ok(LimitArgument {
        name: name.into(),
        most,
    })
}

/// The limits that hold with these arguments, the last of each name.
pub fn limits_of(arguments: &[LimitArgument]) -> Limits {
    let mut limits = Limits::default();
    for LimitArgument { name, most } in arguments {
        let set = limits.set(name, *most);
        debug_assert!(set.is_ok(), "names are checked when they are read");
    }
    limits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_sizes_are_read_and_the_last_counts() {
        let arguments = ["variants=1", "file_bytes=1GB", "variants=200000"];
        let arguments = arguments.map(|text| parse_limit(text).unwrap());
        let limits = limits_of(&arguments);
        assert_eq!(limits.variants.most, 200_000);
        assert_eq!(limits.file_bytes.most, 1_000_000_000);
        assert_eq!(limits.steps, Limits::default().steps);
    }

    #[test]
    fn anything_else_is_reported() {
        for (text, told) in [
            ("variants", "expected NAME=NUMBER"),
            ("variants=many", "expected a whole number"),
            ("variants=1GB", "expected a whole number"),
            ("variants=-1", "expected a whole number"),
            ("file_bytes=1 banana", "expected bytes"),
            ("varaints=1", "did you mean `variants`?"),
        ] {
            let error = parse_limit(text).unwrap_err();
            assert!(error.contains(told), "{text}: {error}");
        }
    }
}
