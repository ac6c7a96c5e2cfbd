//! The configured rules: the built-in mapping or a rule set's file.

use crate::commands::rules::text_of;
use crate::config::Loaded;
use anyhow::Context;
use lockstep_rules::sync_rules::MAX_BYTES;
use lockstep_rules::{Rules, RulesDocument};
use std::path::Path;
use std::sync::Arc;

/// The rules that the configuration names.
pub(crate) fn configured(loaded: &Loaded) -> anyhow::Result<Arc<Rules>> {
    match &loaded.config.mapping.rules {
        None => Ok(Arc::new(Rules::built_in(loaded.config.mapping_settings()))),
        Some(path) => of_file(loaded, path).context("mapping.rules"),
    }
}

/// The rules of a file.
pub(crate) fn of_file(loaded: &Loaded, path: &Path) -> anyhow::Result<Arc<Rules>> {
    let file = path.display().to_string();
    let text = read(path)?;
    let rules =
        Rules::new(RulesDocument::Set { file: file.clone(), text, sources: loaded.config.further_names() });
    rules.map(Arc::new).with_context(|| {
        format!("{file} is refused; `lockstep rules check {file}` tells each problem with its place")
    })
}

/// The text of a rule set's file.
pub(crate) fn read(path: &Path) -> anyhow::Result<String> {
    text_of(path, MAX_BYTES, "a rule set has no more, split it")
}
