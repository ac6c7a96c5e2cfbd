//! The JSON schema of the configuration, and the walk of a configuration along it: unknown keys, wrong types.

use super::problem::Problem;
use super::{Config, Period};
use schemars::generate::SchemaSettings;
use serde_json::Value as Json;

/// The schema, without references: every section stands where it is used.
pub(crate) fn schema() -> Json {
    let settings = SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true);
    settings.into_generator().into_root_schema_for::<Config>().to_value()
}

/// The schema as it is committed and printed.
pub(crate) fn schema_text() -> String {
    let mut text = serde_json::to_string_pretty(&schema()).unwrap_or_default();
    text.push('\n');
    text
}

/// The page of the book: every key with its type, default and meaning.
#[cfg(test)]
pub(super) fn reference() -> String {
    let schema = schema();
    let defaults = serde_json::to_value(Config::default()).unwrap_or_default();
    let mut page = String::from(
        "# Configuration\n\n\
         One file: the one named with `--config` or `LOCKSTEP_CONFIG`, else `./lockstep.toml`, else \
         `/etc/lockstep/lockstep.toml`. Then `conf.d/*.toml` beside it, in the order of their names. Then the \
         environment: `LOCKSTEP__SYNC__CYCLE=10m` is `[sync] cycle`; lists and tables are written as in TOML. What comes \
         later wins; sections are joined, lists replaced. Relative paths count from the file's folder.\n\n\
         `lockstep config init` writes a commented file, `lockstep config check` says whether all is well and where it is \
         not, `lockstep config schema` prints the [JSON schema](lockstep.schema.json) for editors. Secrets are in files \
         of their own, or systemd credentials (`LoadCredential=source.password:...`, `sync.token:...`).\n\n\
         Durations are numbers with units: `500ms`, `30s`, `30m`, `12h`, `3d`, `1h30m`.\n",
    );
    section(&mut page, &schema, &defaults, "");
    page
}

#[cfg(test)]
fn section(page: &mut String, schema: &Json, defaults: &Json, name: &str) {
    let inner: Vec<_> = schema.get("properties").and_then(Json::as_object).into_iter().flatten().collect();
    let (tables, keys): (Vec<_>, Vec<_>) =
        inner.into_iter().partition(|(_, schema)| kind(schema) == "object");
    let words = |schema: &Json| {
        let text = schema.get("description").and_then(Json::as_str).unwrap_or("").replace('\n', " ");
        text.replace('|', "\\|")
    };
    if !keys.is_empty() {
        page.push_str(&format!(
            "\n## `[{name}]`\n\n{}\n\n| key | default | meaning |\n| --- | --- | --- |\n",
            words(schema)
        ));
    }
    for (key, schema) in keys {
        let default = match defaults.get(key) {
            None | Some(Json::Null) => "not set".to_owned(),
            Some(value) => format!("`{value}`"),
        };
        let names = variants(schema);
        let choice = if names.is_empty() { String::new() } else { format!(" One of {}.", listed(&names)) };
        page.push_str(&format!("| `{key}` | {default} | {}{choice} |\n", words(schema)));
        if let Some(item) = schema.get("items").filter(|item| kind(item) == "object") {
            for (inner, schema) in item.get("properties").and_then(Json::as_object).into_iter().flatten() {
                page.push_str(&format!("| `{key}[].{inner}` | | {} |\n", words(schema)));
            }
        }
    }
    for (key, schema) in tables {
        let path = if name.is_empty() { key.clone() } else { format!("{name}.{key}") };
        section(page, schema, defaults.get(key).unwrap_or(&Json::Null), &path);
    }
}

/// The schema of a key (`["sync", "cycle"]`).
pub(crate) fn at<'a>(schema: &'a Json, path: &[String]) -> Option<&'a Json> {
    path.iter().try_fold(schema, |schema, name| schema.get("properties")?.get(name))
}

/// Adds what is wrong with `value` to `problems`. `origin` answers where a key was written.
pub(crate) fn check(
    value: &toml::Value,
    schema: &Json,
    key: &str,
    origin: &dyn Fn(&str) -> Option<String>,
    problems: &mut Vec<Problem>,
) {
    let mut problem = |key: &str, what: String, remedy: String| {
        problems.push(Problem { origin: origin(key), key: key.to_owned(), what, remedy });
    };
    let names = variants(schema);
    if !names.is_empty() {
        if value.as_str().is_none_or(|text| !names.contains(&text)) {
            problem(
                key,
                format!("{} is not known", shown(value)),
                format!("write one of {}", listed(&names)),
            );
        }
        return;
    }
    match (value, kind(schema)) {
        (toml::Value::Table(table), "object") => {
            let Some(properties) = schema.get("properties").and_then(Json::as_object) else { return };
            let prefix = if key.is_empty() { String::new() } else { format!("{key}.") };
            let required = schema.get("required").and_then(Json::as_array).into_iter().flatten();
            for name in required.filter_map(Json::as_str).filter(|name| !table.contains_key(*name)) {
                problem(key, format!("`{name}` is missing"), "add it".into());
            }
            for (name, inner) in table {
                let path = format!("{prefix}{name}");
                match properties.get(name) {
                    Some(schema) => check(inner, schema, &path, origin, problems),
                    None => problems.push(Problem {
                        origin: origin(&path),
                        what: "this key is not known".into(),
                        remedy: suggestion(name, properties.keys().map(String::as_str)),
                        key: path,
                    }),
                }
            }
        }
        (toml::Value::Array(items), "array") => {
            let Some(schema) = schema.get("items") else { return };
            for (at, item) in items.iter().enumerate() {
                check(item, schema, &format!("{key}[{at}]"), origin, problems);
            }
        }
        (toml::Value::String(text), "string") => {
            if schema.get("pattern").is_some()
                && let Err(error) = text.parse::<Period>()
            {
                problem(key, format!("\"{text}\" is no duration"), error.to_string());
            }
        }
        (toml::Value::Integer(number), "integer") => {
            let limit = |name: &str| schema.get(name).and_then(Json::as_i64);
            let (least, most) = (limit("minimum").unwrap_or(i64::MIN), limit("maximum").unwrap_or(i64::MAX));
            if *number < least || *number > most {
                problem(key, format!("{number} is out of range"), range(least, most));
            }
        }
        (toml::Value::Boolean(_), "boolean") => {}
        (other, wanted) => {
            let wanted = wanted_words(wanted, schema);
            problem(key, format!("{} is not of the right type", shown(other)), format!("write {wanted}"));
        }
    }
}

/// The type a schema asks for; `null` (the key may be absent) does not count.
pub(crate) fn kind(schema: &Json) -> &str {
    match schema.get("type") {
        Some(Json::String(kind)) => kind,
        Some(Json::Array(kinds)) => {
            kinds.iter().filter_map(Json::as_str).find(|kind| *kind != "null").unwrap_or("")
        }
        _ => "",
    }
}

/// The texts an enum takes.
fn variants(schema: &Json) -> Vec<&str> {
    let mut names = Vec::new();
    if let Some(list) = schema.get("enum").and_then(Json::as_array) {
        names.extend(list.iter().filter_map(Json::as_str));
    }
    names.extend(schema.get("const").and_then(Json::as_str));
    for word in ["oneOf", "anyOf"] {
        let inner = schema.get(word).and_then(Json::as_array).into_iter().flatten();
        names.extend(inner.flat_map(variants));
    }
    names
}

fn range(least: i64, most: i64) -> String {
    match (least, most) {
        (least, i64::MAX) => format!("write a number of at least {least}"),
        (least, most) => format!("write a number from {least} to {most}"),
    }
}

fn wanted_words(kind: &str, schema: &Json) -> String {
    match kind {
        "string" if schema.get("pattern").is_some() => "a duration such as \"30m\"".into(),
        "string" => "a text in quotes".into(),
        "integer" => "a whole number without quotes".into(),
        "boolean" => "true or false without quotes".into(),
        "array" => "a list: [...]".into(),
        _ => "a section".into(),
    }
}

fn shown(value: &toml::Value) -> String {
    match value {
        toml::Value::Table(_) => "a section".into(),
        toml::Value::Array(_) => "a list".into(),
        other => other.to_string(),
    }
}

fn listed(names: &[&str]) -> String {
    names.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ")
}

fn suggestion<'a>(name: &str, known: impl Iterator<Item = &'a str> + Clone) -> String {
    let close = known
        .clone()
        .map(|other| (strsim::jaro_winkler(name, other), other))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0));
    match close {
        Some((_, other)) => format!("did you mean `{other}`?"),
        None => format!("known here: {}", known.collect::<Vec<_>>().join(", ")),
    }
}
