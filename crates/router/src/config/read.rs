//! From text and environment to a [`Config`], without repeating values in errors.

use config::{ConfigError as Trouble, Environment, File, FileFormat};

use super::check::Finding;
use super::{Config, ConfigError, ENVIRONMENT_PREFIX};

pub(super) fn read(
    text: &str,
    overrides: impl IntoIterator<Item = (String, String)>,
) -> Result<Config, ConfigError> {
    let overriding = overrides.into_iter().filter(|(key, _)| key.starts_with(ENVIRONMENT_PREFIX));
    let prefix = ENVIRONMENT_PREFIX.trim_end_matches('_');
    let environment = Environment::with_prefix(prefix)
        .prefix_separator("__")
        .separator("__")
        .source(Some(overriding.collect()));
    let sources = config::Config::builder()
        .add_source(File::from_str(text, FileFormat::Toml))
        .add_source(environment)
        .build()
        .map_err(|trouble| explain(&trouble))?;
    sources.try_deserialize().map_err(|trouble| explain(&trouble))
}

/// Says what is wrong and where, without the value.
fn explain(trouble: &Trouble) -> ConfigError {
    let (key, message) = match trouble {
        Trouble::FileParse { cause, .. } => {
            // Only the first line says where; the others quote the text.
            let shown = cause.to_string();
            let position = shown.lines().next().unwrap_or_default();
            let position = position.strip_prefix("TOML parse error at ").unwrap_or_default();
            return ConfigError::Syntax { position: position.to_owned() };
        }
        Trouble::NotFound(key) => (with_dots(key), "is missing".to_owned()),
        Trouble::Type { expected, key, .. } => {
            (with_dots(key.as_deref().unwrap_or_default()), format!("must be {expected}"))
        }
        Trouble::At { error, key, .. } => return explain_at(key.as_deref(), error),
        Trouble::Message(message) => without_value(message),
        Trouble::Frozen | Trouble::PathParse { .. } | Trouble::Foreign(_) => {
            (String::new(), "cannot be understood".to_owned())
        }
        // The type is not exhaustive.
        _ => (String::new(), "cannot be read".to_owned()),
    };
    ConfigError::Setting(Finding::error(&key, &message))
}

fn explain_at(key: Option<&str>, error: &Trouble) -> ConfigError {
    match explain(error) {
        ConfigError::Setting(mut finding) => {
            let path = [key.unwrap_or_default(), &finding.key];
            let present: Vec<&str> = path.into_iter().filter(|part| !part.is_empty()).collect();
            finding.key = with_dots(&present.join("."));
            ConfigError::Setting(finding)
        }
        other @ (ConfigError::Open { .. }
        | ConfigError::Syntax { .. }
        | ConfigError::NamedFile { .. }) => other,
    }
}

/// The path with the dot after an index that the library leaves out.
fn with_dots(path: &str) -> String {
    let mut dotted = String::with_capacity(path.len());
    for character in path.chars() {
        if dotted.ends_with(']') && !matches!(character, '.' | '[') {
            dotted.push('.');
        }
        dotted.push(character);
    }
    dotted
}

/// Splits serde's message into the key it names, if any, and what it says, with the value left out.
fn without_value(message: &str) -> (String, String) {
    if let Some(rest) = message.strip_prefix("unknown field `")
        && let Some((name, known)) = rest.split_once('`')
    {
        let known = known.trim_start_matches(", ").trim_start_matches("expected ");
        return (name.to_owned(), format!("is no setting; known here: {known}"));
    }
    let quotes = ["invalid type: ", "invalid value: ", "invalid length "];
    if quotes.iter().any(|start| message.starts_with(start)) {
        let expected = message.rsplit_once(", expected ").map(|(_, expected)| expected);
        return (String::new(), format!("must be {}", expected.unwrap_or("something else")));
    }
    (String::new(), message.to_owned())
}
