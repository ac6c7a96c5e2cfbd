//! `lockstep sync explain`: one object, from the directory's entry to the cloud.

use super::preview::item_text;
use super::sync::order;
use crate::End;
use crate::config::Loaded;
use crate::out::{self, Out};
use crate::wiring::{client, rules};
use anyhow::bail;
use lockstep_model::PropertyValue;
use lockstep_model::explain::{Explanation, Next, Scope};
use lockstep_model::plan::DeleteReason;
use lockstep_model::provisioning::OrderAnswer;
use lockstep_sync::{StateError, not_found};
use serde_json::json;
use std::fmt::Write;
use std::path::Path;

/// Explains at the client that runs, else from the client's state.
pub(crate) async fn run(
    out: Out,
    loaded: &Loaded,
    object: &str,
    draft: Option<&Path>,
) -> anyhow::Result<End> {
    let state = match client::open_state(loaded) {
        Ok(state) => Some(state),
        Err(error) if matches!(error.downcast_ref(), Some(StateError::InUse { .. })) => None,
        Err(error) => return Err(error),
    };
    let explanation = match state {
        Some(state) => {
            // Only the state is read; the server is not asked.
            let target =
                client::target_at(loaded, loaded.config.sync.server.clone(), "none".to_owned().into())?;
            let draft = draft.map(|path| rules::of_file(loaded, path)).transpose()?;
            match client::client(loaded, target, state)?.explain(object, draft).await? {
                Some(explanation) => explanation,
                None => bail!(not_found(object)),
            }
        }
        None => {
            let text = draft.map(rules::read).transpose()?;
            match order(loaded, &json!({ "order": "explain", "object": object, "rules": text })).await? {
                OrderAnswer::Explanation { explanation } => *explanation,
                OrderAnswer::Refused { reason } => bail!(reason),
                _ => bail!("the sync client answered with something other than an explanation; report this"),
            }
        }
    };
    out.print(&explanation, || text(&explanation))?;
    Ok(End::Done)
}

pub(super) fn text(told: &Explanation) -> String {
    let mut text = format!("{}\n  anchor   {}", told.name, told.anchor);
    if let Some(dn) = &told.dn {
        let _ = write!(text, "\n  DN       {dn}");
    }
    let scope = match &told.scope {
        Scope::InScope { object } => format!("in scope, a {object}"),
        Scope::OutOfScope { reason } => format!("out of scope: {reason}"),
        Scope::Gone { reason: DeleteReason::DeletedInSource } => "deleted in the directory".to_owned(),
        Scope::Gone { reason: DeleteReason::MissingFromFullRead } => {
            "missing from the last full read of the directory".to_owned()
        }
        Scope::Gone { reason: DeleteReason::LeftScope } => "left the scope".to_owned(),
        Scope::Gone { reason: DeleteReason::Joined } => "joined to another object".to_owned(),
    };
    let cloud = if told.in_cloud { "in the cloud" } else { "not in the cloud" };
    let _ = write!(text, "\n  scope    {scope}\n  cloud    {cloud}");
    if let Some(manager) = &told.manager {
        let meaning = match &manager.anchor {
            Some(anchor) => format!("is {anchor}"),
            None => "is no user of the cloud".to_owned(),
        };
        let _ = write!(text, "\n  manager  {} {meaning}", manager.named);
    }
    if let Some(members) = &told.members {
        let _ = write!(text, "\n  members  {} named, {} in the cloud", members.named, members.resolved);
    }
    match &told.next {
        Next::Nothing => text.push_str("\n  next     nothing: it is as the directory has it"),
        Next::TriedAgain { at } => {
            let _ = write!(text, "\n  next     the cloud refused it; sent again at {at}");
        }
        Next::Planned { item } => {
            let _ = write!(text, "\n  next     {}", item_text(item));
        }
    }
    if !told.values.is_empty() {
        let rows = told.values.iter().map(|value| {
            let shown = match &value.value {
                None => String::new(),
                Some(PropertyValue::Flag(flag)) => flag.to_string(),
                Some(PropertyValue::Text(text)) => text.clone(),
                Some(PropertyValue::List(list)) => list.join("; "),
                Some(PropertyValue::Kept) => "(what the cloud has stays)".into(),
            };
            [value.property.to_string(), shown, value.rule.clone()]
        });
        let _ = write!(text, "\n{}", out::table(["property", "value", "rule"], rows));
    }
    for error in &told.errors {
        let _ = write!(text, "\nerror   {}: {}\n        {}", error.code, error.message, error.remedy);
    }
    if !told.others.is_empty() {
        let _ = write!(text, "\nAlso called so: {}", told.others.join("; "));
    }
    text
}
