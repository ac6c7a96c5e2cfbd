//! `lockstep sync preview` and `compare`: the plan of a cycle, by today's rules or a draft, and what sets two apart.

use super::sync::order;
use crate::End;
use crate::config::Loaded;
use crate::out::{self, Out};
use crate::signals;
use crate::wiring::once::Tenant;
use crate::wiring::run::show_progress;
use crate::wiring::store::Running;
use crate::wiring::{client, rules};
use anyhow::{Context, bail};
use lockstep_model::plan::{Action, PlanDifference, PlanItem, PlanReport, PlanSummary, Verdict};
use lockstep_model::provisioning::OrderAnswer;
use serde_json::json;
use std::fmt::Write;
use std::path::Path;

/// Objects of a plan that are asked for, so that those to be deleted can be shown first.
const TO_CHOOSE_FROM: u32 = 5_000;
/// Objects of each of two plans that are compared.
const TO_COMPARE: u32 = 100_000;
/// Errors of a plan that are shown to people.
const ERRORS_SHOWN: usize = 20;
/// Bytes of a plan that was saved.
const MAX_PLAN_BYTES: u64 = 1024 * 1024 * 1024;

/// `lockstep sync preview`.
pub(crate) async fn run(
    out: Out,
    loaded: &Loaded,
    limit: u32,
    draft: Option<&Path>,
    compare: bool,
) -> anyhow::Result<End> {
    loaded.require_source()?;
    if let (Some(path), true) = (draft, compare) {
        let before = plan(out, loaded, TO_COMPARE, None).await?;
        let after = plan(out, loaded, TO_COMPARE, Some(path)).await?;
        return differences(out, &before, &after, usize::try_from(limit).unwrap_or(usize::MAX));
    }
    let listed = usize::try_from(limit).unwrap_or(usize::MAX);
    // For people deletions come first, so more are asked for than are shown.
    let limit = if out.is_json() { limit } else { limit.max(TO_CHOOSE_FROM) };
    let plan = plan(out, loaded, limit, draft).await?;
    out.print(&plan, || plan_text(&plan, listed))?;
    Ok(match plan.summary.verdict {
        Verdict::Pass => End::Done,
        Verdict::Held { .. } => End::Held,
    })
}

/// The plan of a cycle, made in a copy of the state: nothing is written, whoever else runs.
async fn plan(out: Out, loaded: &Loaded, limit: u32, draft: Option<&Path>) -> anyhow::Result<PlanReport> {
    if client::writes_to_itself(loaded)? && Running::read(&loaded.config.server.data_dir).is_some() {
        // `lockstep up` runs: its client makes the plan.
        let text = draft.map(rules::read).transpose()?;
        let asked = json!({ "order": "preview", "limit": limit, "rules": text });
        return match order(loaded, &asked).await? {
            OrderAnswer::Plan { plan } => Ok(*plan),
            OrderAnswer::Refused { reason } => bail!("the sync client refused: {reason}"),
            _ => bail!("the sync client answered with something other than a plan; report this"),
        };
    }
    let draft = draft.map(|path| rules::of_file(loaded, path)).transpose()?;
    let stop = signals::stop_token()?;
    let tenant = Tenant::open(loaded).await?;
    let client = client::client(loaded, tenant.target(loaded)?, client::copy_state(loaded)?)?;
    let shown = tokio::spawn(show_progress(out, client.progress()));
    let plan = client.preview(usize::try_from(limit).unwrap_or(usize::MAX), draft, stop).await;
    shown.abort();
    drop(client);
    tenant.close().await?;
    Ok(plan?)
}

/// `lockstep sync compare`.
pub(crate) fn compare(out: Out, before: &Path, after: &Path) -> anyhow::Result<End> {
    differences(out, &saved(before)?, &saved(after)?, usize::MAX)
}

fn saved(path: &Path) -> anyhow::Result<PlanReport> {
    let name = path.display();
    let file = std::fs::File::open(path)
        .with_context(|| format!("{name} cannot be read; check the path and its rights"))?;
    let limited = std::io::Read::take(std::io::BufReader::new(file), MAX_PLAN_BYTES);
    serde_json::from_reader(limited)
        .with_context(|| format!("{name} is no plan; save one with `lockstep sync preview --output json`"))
}

fn differences(out: Out, before: &PlanReport, after: &PlanReport, listed: usize) -> anyhow::Result<End> {
    let found = PlanDifference::of(before, after);
    out.print(&found, || {
        let mut text =
            format!("before:\n{}\nafter:\n{}", summary_text(&before.summary), summary_text(&after.summary));
        for item in found.added.iter().take(listed) {
            let _ = write!(text, "\n+ {}", item_text(item));
        }
        for item in found.removed.iter().take(listed) {
            let _ = write!(text, "\n- {}", item_text(item));
        }
        for (before, after) in found.changed.iter().take(listed) {
            let _ = write!(text, "\n- {}\n+ {}", item_text(before), item_text(after));
        }
        if found.is_empty() {
            text.push_str("\nThe two plans write the same.");
        } else {
            let _ = write!(
                text,
                "\n{} objects only in the second plan, {} only in the first, {} in both with other changes.",
                found.added.len(),
                found.removed.len(),
                found.changed.len()
            );
        }
        if found.truncated {
            text.push_str("\nA plan has more objects than it lists; those are not compared.");
        }
        text
    })?;
    Ok(End::Done)
}

fn plan_text(plan: &PlanReport, listed: usize) -> String {
    let mut text = summary_text(&plan.summary);
    // What goes is what a person must see; within a kind of action the plan's order holds.
    let mut items: Vec<&PlanItem> = plan.items.iter().collect();
    items.sort_by_key(|item| std::cmp::Reverse(item.action));
    for item in items.iter().take(listed) {
        let _ = write!(text, "\n{}", item_text(item));
    }
    if plan.truncated || items.len() > listed {
        text.push_str("\n... and more: --limit N lists more");
    }
    for (kind, properties) in &plan.properties {
        let mut counts: Vec<_> = properties.iter().collect();
        counts.sort_by_key(|(property, n)| (std::cmp::Reverse(**n), **property));
        let counts: Vec<_> = counts.into_iter().map(|(property, n)| format!("{property} of {n}")).collect();
        let _ = write!(text, "\n{kind}s change: {}", counts.join(", "));
    }
    for error in plan.errors.iter().take(ERRORS_SHOWN) {
        let _ = write!(text, "\nerror   {}: {}\n        {}", error.code, error.message, error.remedy);
    }
    let hidden = plan.summary.errors.saturating_sub(plan.errors.len().min(ERRORS_SHOWN) as u64);
    if hidden > 0 {
        let _ = write!(text, "\n... and {hidden} more errors: --output json lists them");
    }
    match &plan.summary.verdict {
        Verdict::Pass if plan.summary.is_empty() => text.push_str("\nNothing to do: all is in step."),
        Verdict::Pass => text.push_str("\nNothing was written. A cycle would write this."),
        Verdict::Held { reason, remedy } => {
            let _ = write!(
                text,
                "\nHELD: {reason}\n      {remedy}\n      lockstep sync approve {}",
                plan.summary.deletions_digest
            );
        }
    }
    text
}

/// The counts of a plan as a table.
pub(crate) fn summary_text(summary: &PlanSummary) -> String {
    let rows = summary.counts.iter().map(|(kind, counts)| {
        [
            format!("{kind}s"),
            counts.create.to_string(),
            counts.update.to_string(),
            counts.delete.to_string(),
            counts.members_added.to_string(),
            counts.members_removed.to_string(),
            counts.held.to_string(),
        ]
    });
    out::table(["kind", "create", "update", "delete", "members +", "members -", "in the cloud"], rows)
}

pub(crate) fn item_text(item: &PlanItem) -> String {
    let action = match item.action {
        Action::Create => "create",
        Action::Update => "update",
        Action::Delete => "DELETE",
    };
    let mut text = format!("{action}  {} {}", item.kind, item.name);
    if let Some(dn) = &item.dn {
        let _ = write!(text, "  ({dn})");
    }
    if item.action == Action::Update {
        for change in &item.changes {
            let shown = |value: &Option<lockstep_model::PropertyValue>| {
                value
                    .as_ref()
                    .and_then(|value| serde_json::to_string(value).ok())
                    .unwrap_or_else(|| "nothing".into())
            };
            let _ = write!(
                text,
                "\n        {}: {} -> {}  [{}]",
                change.property,
                shown(&change.before),
                shown(&change.after),
                change.rule
            );
        }
    }
    if item.members_added + item.members_removed > 0 {
        let _ =
            write!(text, "\n        members: {} added, {} removed", item.members_added, item.members_removed);
    }
    text
}
