//! `lockstep config`: write, check, describe the configuration.

use crate::config::{Loaded, Problem, TEMPLATE, schema_text};
use crate::out::{Out, line};
use serde::Serialize;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// `lockstep config init`.
pub(crate) fn init() -> anyhow::Result<()> {
    line(TEMPLATE.trim_end())
}

/// `lockstep config schema`.
pub(crate) fn schema() -> anyhow::Result<()> {
    line(schema_text().trim_end())
}

/// What `lockstep config check` found.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Checked {
    ok: bool,
    files: Vec<String>,
    problems: Vec<String>,
    warnings: Vec<String>,
}

/// `lockstep config check`: the files it names are looked at as well. Answers whether all is well.
pub(crate) fn check(out: Out, loaded: &Loaded) -> anyhow::Result<bool> {
    let (problems, warnings) = files_named(loaded);
    let shown = |list: Vec<Problem>| list.iter().map(Problem::to_string).collect::<Vec<_>>();
    let checked = Checked {
        ok: problems.is_empty(),
        files: loaded.files.iter().map(|path| path.display().to_string()).collect(),
        problems: shown(problems),
        warnings: shown(warnings),
    };
    out.print(&checked, || {
        let mut lines = Vec::new();
        lines.extend(checked.problems.iter().map(|problem| format!("error    {problem}")));
        lines.extend(checked.warnings.iter().map(|warning| format!("warning  {warning}")));
        let files =
            if checked.files.is_empty() { "no file, the defaults".into() } else { checked.files.join(", ") };
        let word = if checked.ok { "sound" } else { "cannot work" };
        lines.push(format!("The configuration ({files}) is {word}."));
        lines.join("\n")
    })?;
    Ok(checked.ok)
}

/// Files that are named and cannot be read, and secrets that others can read.
pub(crate) fn files_named(loaded: &Loaded) -> (Vec<Problem>, Vec<Problem>) {
    let config = &loaded.config;
    let files = [
        ("server.tls_cert_file", config.server.tls_cert_file.as_deref(), false),
        ("server.tls_key_file", config.server.tls_key_file.as_deref(), true),
        ("server.database.password_file", config.server.database.password_file.as_deref(), true),
        ("source.password_file", config.source.password_file.as_deref(), true),
        ("source.ca_file", config.source.ca_file.as_deref(), false),
        ("source.file", config.source.file.as_deref(), false),
        ("sync.token_file", config.sync.token_file.as_deref(), true),
        ("sync.ca_file", config.sync.ca_file.as_deref(), false),
    ];
    let (mut problems, mut warnings) = (Vec::new(), Vec::new());
    for (key, path, secret) in files {
        let Some(path) = path else { continue };
        if let Err(error) = std::fs::File::open(path) {
            let what = format!("{} cannot be read ({error})", path.display());
            problems.push(loaded.problem(key, what, "check the path and its rights"));
        } else if secret && is_open_to_others(path) {
            let what = format!("{} can be read by other accounts", path.display());
            warnings.push(loaded.problem(key, what, format!("chmod 600 {}", path.display())));
        }
    }
    (problems, warnings)
}

fn is_open_to_others(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|file| file.permissions().mode() & 0o044 != 0)
}
