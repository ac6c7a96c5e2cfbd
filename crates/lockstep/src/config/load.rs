//! Reads the layers of a configuration and keeps, for every key, where it was written.

use super::problem::{Problem, Problems};
use super::{Config, schema};
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::Read;
use std::path::{Path, PathBuf};
use toml::de::{DeTable, DeValue};

/// Bytes a configuration file may have.
const MAX_BYTES: u64 = 1024 * 1024;
/// What every variable of the environment begins with.
const PREFIX: &str = "LOCKSTEP__";

/// A configuration that is sound, with where it came from.
#[derive(Clone, Debug)]
pub(crate) struct Loaded {
    /// The configuration; paths are absolute or count from the present folder.
    pub(crate) config: Config,
    /// The files read, in order.
    pub(crate) files: Vec<PathBuf>,
    origins: Origins,
}

/// Where each key was written: `sync.cycle` -> `lockstep.toml:12`.
#[derive(Clone, Debug, Default)]
struct Origins(BTreeMap<String, String>);

impl Origins {
    /// Where a key, or else what holds it, was written.
    fn of(&self, key: &str) -> Option<String> {
        let mut key = key;
        loop {
            if let Some(origin) = self.0.get(key) {
                return Some(origin.clone());
            }
            key = key.rfind(['.', '[']).and_then(|at| key.get(..at))?;
        }
    }

    /// Forgets a key that is written anew, with all in it.
    fn replace(&mut self, key: &str) {
        self.0.retain(|held, _| {
            held.strip_prefix(key).is_none_or(|rest| !rest.is_empty() && !rest.starts_with(['.', '[']))
        });
    }
}

impl Loaded {
    /// Whether somebody wrote this key, or the default holds.
    pub(crate) fn is_set(&self, key: &str) -> bool {
        self.origins.0.contains_key(key)
    }

    /// A problem with a key that only shows in use.
    pub(crate) fn problem(&self, key: &str, what: impl Into<String>, remedy: impl Into<String>) -> Problem {
        Problem { origin: self.origins.of(key), key: key.into(), what: what.into(), remedy: remedy.into() }
    }
}

/// Reads `file` (none: only the environment counts), `conf.d/*.toml` beside it in the order of their names,
/// and the variables of `environment`.
///
/// # Errors
/// Everything that is wrong, each with its origin.
pub(crate) fn load(
    file: Option<&Path>,
    environment: impl IntoIterator<Item = (OsString, OsString)>,
) -> Result<Loaded, Problems> {
    let schema = schema::schema();
    let mut merged = toml::Table::new();
    let mut origins = Origins::default();
    let mut problems = Vec::new();
    let files = file.map(files_of).unwrap_or_default();
    for path in &files {
        match read(path) {
            Ok((table, lines)) => {
                let name = file_name(path, file);
                merge(&mut merged, table, "", &mut origins);
                origins.0.extend(lines.into_iter().map(|(key, line)| (key, format!("{name}:{line}"))));
            }
            Err(problem) => problems.push(problem),
        }
    }
    if problems.is_empty() {
        add_environment(environment, &schema, &mut merged, &mut origins, &mut problems);
    }
    if !problems.is_empty() {
        return Err(Problems(problems));
    }
    let whole = toml::Value::Table(merged);
    schema::check(&whole, &schema, "", &|key| origins.of(key), &mut problems);
    if !problems.is_empty() {
        return Err(Problems(problems));
    }
    // The walk along the schema found nothing; serde has the last word.
    let mut config: Config = whole.try_into().map_err(|error: toml::de::Error| {
        let what = error.message().to_owned();
        Problems(vec![Problem { origin: None, key: String::new(), what, remedy: "correct it".into() }])
    })?;
    anchor_paths(&mut config, file.and_then(Path::parent).unwrap_or(Path::new("")));
    let loaded = Loaded { config, files, origins };
    let problems = super::check::problems(&loaded);
    if problems.is_empty() { Ok(loaded) } else { Err(Problems(problems)) }
}

/// The file itself, then `conf.d/*.toml` beside it.
fn files_of(file: &Path) -> Vec<PathBuf> {
    let folder = file.parent().unwrap_or(Path::new("")).join("conf.d");
    let mut more: Vec<PathBuf> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
        .collect();
    more.sort();
    more.insert(0, file.to_owned());
    more
}

/// The name of a file as error texts show it: as it was given; those of `conf.d` from that folder on.
fn file_name(path: &Path, main: Option<&Path>) -> String {
    let folder = main.and_then(Path::parent).unwrap_or(Path::new(""));
    let name = if Some(path) == main { path } else { path.strip_prefix(folder).unwrap_or(path) };
    name.display().to_string()
}

type Lines = BTreeMap<String, usize>;

fn read(path: &Path) -> Result<(toml::Table, Lines), Problem> {
    let problem = |origin: String, what: String, remedy: &str| Problem {
        origin: Some(origin),
        key: String::new(),
        what,
        remedy: remedy.into(),
    };
    let name = path.display().to_string();
    let mut text = String::new();
    std::fs::File::open(path).and_then(|file| file.take(MAX_BYTES + 1).read_to_string(&mut text)).map_err(
        |error| problem(name.clone(), format!("cannot be read ({error})"), "check the path and its rights"),
    )?;
    if text.len() as u64 > MAX_BYTES {
        return Err(problem(name, "is larger than 1 MiB".into(), "a configuration is small; check the path"));
    }
    let syntax = |error: toml::de::Error| {
        let line = error.span().map_or(1, |span| line_of(&text, span.start));
        let what = error.message().lines().next().unwrap_or("is no TOML").to_owned();
        problem(format!("{name}:{line}"), what, "correct the TOML syntax")
    };
    let spans = DeTable::parse(&text).map_err(syntax)?;
    let mut lines = Lines::new();
    note_lines(spans.get_ref(), "", &text, &mut lines);
    let table = toml::from_str(&text).map_err(syntax)?;
    Ok((table, lines))
}

fn note_lines(table: &DeTable<'_>, prefix: &str, text: &str, lines: &mut Lines) {
    for (name, value) in table {
        let key = format!("{prefix}{}", name.get_ref());
        lines.insert(key.clone(), line_of(text, name.span().start));
        note_value(value.get_ref(), &key, text, lines);
    }
}

fn note_value(value: &DeValue<'_>, key: &str, text: &str, lines: &mut Lines) {
    match value {
        DeValue::Table(table) => note_lines(table, &format!("{key}."), text, lines),
        DeValue::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                let key = format!("{key}[{at}]");
                lines.insert(key.clone(), line_of(text, item.span().start));
                note_value(item.get_ref(), &key, text, lines);
            }
        }
        _ => {}
    }
}

fn line_of(text: &str, at: usize) -> usize {
    text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1
}

/// Sections are joined; a value or list that is written again replaces the one before.
fn merge(into: &mut toml::Table, from: toml::Table, prefix: &str, origins: &mut Origins) {
    for (name, value) in from {
        let key = format!("{prefix}{name}");
        match (into.get_mut(&name), value) {
            (Some(toml::Value::Table(held)), toml::Value::Table(new)) => {
                merge(held, new, &format!("{key}."), origins);
            }
            (_, value) => {
                origins.replace(&key);
                into.insert(name, value);
            }
        }
    }
}

fn add_environment(
    environment: impl IntoIterator<Item = (OsString, OsString)>,
    schema: &Json,
    merged: &mut toml::Table,
    origins: &mut Origins,
    problems: &mut Vec<Problem>,
) {
    let mut variables: Vec<(String, Option<String>)> = environment
        .into_iter()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok())))
        .filter(|(name, _)| name.starts_with(PREFIX))
        .collect();
    variables.sort();
    for (name, value) in variables {
        let path: Vec<String> =
            name.strip_prefix(PREFIX).unwrap_or("").split("__").map(str::to_lowercase).collect();
        let key = path.join(".");
        let mut problem = |what: String, remedy: &str| {
            problems.push(Problem {
                origin: Some(name.clone()),
                key: key.clone(),
                what,
                remedy: remedy.into(),
            });
        };
        let Some(text) = value else {
            problem("is not UTF-8 text".into(), "correct the variable");
            continue;
        };
        // An unknown key is told by the walk along the schema, which knows what to suggest.
        let kind = schema::at(schema, &path).map_or("string", schema::kind);
        let value = match kind {
            "integer" | "boolean" | "array" | "object" => {
                match toml::from_str::<toml::Table>(&format!("v = {text}")) {
                    Ok(mut table) => table.remove("v").unwrap_or(toml::Value::String(text)),
                    Err(_) => toml::Value::String(text),
                }
            }
            _ => toml::Value::String(text),
        };
        let layer = path
            .iter()
            .rev()
            .fold(value, |inner, name| toml::Value::Table(toml::Table::from_iter([(name.clone(), inner)])));
        if let toml::Value::Table(layer) = layer {
            merge(merged, layer, "", origins);
            // A section that nobody else wrote was written here.
            let ends = key.match_indices('.').map(|(at, _)| at);
            for section in ends.filter_map(|at| key.get(..at)) {
                origins.0.entry(section.to_owned()).or_insert_with(|| name.clone());
            }
            origins.0.insert(key, name);
        }
    }
}

/// Makes relative paths count from the folder of the configuration file.
fn anchor_paths(config: &mut Config, folder: &Path) {
    let (server, sync, mapping) = (&mut config.server, &mut config.sync, &mut config.mapping);
    let sources = std::iter::once(&mut config.source).chain(&mut config.further_source);
    let of_sources =
        sources.flat_map(|source| [&mut source.password_file, &mut source.ca_file, &mut source.file]);
    let optional = [
        &mut server.tls_cert_file,
        &mut server.tls_key_file,
        &mut server.database.password_file,
        &mut sync.token_file,
        &mut sync.ca_file,
        &mut mapping.rules,
    ];
    let optional = optional.into_iter().chain(of_sources);
    for path in optional.flatten().chain([&mut server.data_dir, &mut sync.state_dir]) {
        *path = folder.join(&*path);
    }
}
