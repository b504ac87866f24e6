//! What may be said of a store: never the credentials with which it is asked.

use url::Url;

/// Beginnings of the names of environment variables that stores are described with.
const PREFIXES: [&str; 3] = ["AWS_", "AZURE_", "GOOGLE_"];
/// What such variables hold that may be seen.
const OPEN: [&str; 8] = [
    "REGION",
    "ENDPOINT",
    "BUCKET",
    "ALLOW_HTTP",
    "STYLE",
    "PROFILE",
    "FILE",
    "URL",
];
/// Shorter values are no secrets, and would make holes in ordinary words.
const SHORTEST: usize = 6;
/// What people are shown of an error.
const MOST_CHARACTERS: usize = 300;

/// An address without user, password, query and fragment.
pub fn shown(url: &Url) -> String {
    let mut url = url.clone();
    // In `abfs://container@account` the user is a container.
    let is_web = matches!(url.scheme(), "http" | "https" | "s3" | "s3a");
    if is_web {
        let _ = url.set_username("");
    }
    let _ = url.set_password(None);
    url.set_query(None);
    url.set_fragment(None);
    url.to_string()
}

/// What must never be shown: values of the environment that may be credentials, and those in the address.
pub fn secrets(url: &Url) -> Vec<String> {
    let of_environment = std::env::vars_os().filter_map(|(name, value)| {
        let name = name.to_str()?;
        let is_own = PREFIXES.iter().any(|prefix| name.starts_with(prefix));
        let is_open = OPEN.iter().any(|open| name.contains(open));
        (is_own && !is_open).then(|| value.to_str().map(str::to_owned))?
    });
    let of_url = [url.password(), url.query(), Some(url.username())];
    let of_url = of_url.into_iter().flatten().map(str::to_owned);
    let all = of_environment.chain(of_url);
    all.filter(|secret| secret.len() >= SHORTEST).collect()
}

/// A message in one line without credentials: also without what the server says in its own form, which may repeat them.
pub fn clean(message: &str, secrets: &[String]) -> String {
    let message = message.split('<').next().unwrap_or_default();
    let mut message = message.split_whitespace().collect::<Vec<_>>().join(" ");
    for secret in secrets {
        message = message.replace(secret.as_str(), "***");
    }
    // What follows a question mark in an address may be a signature.
    let words = message.split(' ').map(|word| match word.split_once('?') {
        Some((address, _)) if address.contains("://") => address,
        _ => word,
    });
    let message = words.collect::<Vec<_>>().join(" ");
    message
        .chars()
        .take(MOST_CHARACTERS)
        .collect::<String>()
        .trim_end_matches([':', ' '])
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_shown_nowhere() {
        let url = Url::parse("https://me:hidden-word@host/path?sig=abcdefgh#x").unwrap();
        assert_eq!(shown(&url), "https://host/path");
        let secrets = secrets(&url);
        assert!(secrets.contains(&"hidden-word".to_owned()));
        let cleaned = clean(
            "failed for hidden-word at\n https://host/path?sig=abcdefgh : <Error><Key>other</Key>",
            &secrets,
        );
        assert_eq!(cleaned, "failed for *** at https://host/path");
        let container = Url::parse("abfs://container@account/path").unwrap();
        assert_eq!(shown(&container), "abfs://container@account/path");
    }
}
