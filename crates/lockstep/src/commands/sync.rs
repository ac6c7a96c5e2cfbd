//! `lockstep sync once`, `preview`, `approve`. (`run` lasts: `wiring/run.rs`.)

use crate::End;
use crate::cli::Remote;
use crate::config::Loaded;
use crate::out::{self, Out};
use crate::signals;
use crate::wiring::client;
use crate::wiring::once::Tenant;
use crate::wiring::remote::{Api, account};
use crate::wiring::run::show_progress;
use crate::wiring::store::Running;
use anyhow::bail;
use lockstep_model::plan::{Action, PlanItem, PlanReport, PlanSummary, Verdict};
use lockstep_model::provisioning::{OrderAnswer, RunRecord, RunResult};
use lockstep_sync::StateError;
use serde_json::json;
use std::fmt::Write;

/// Objects of a plan that are asked for, so that those to be deleted can be shown first.
const TO_CHOOSE_FROM: u32 = 5_000;
/// Errors of a plan that are shown to people.
const ERRORS_SHOWN: usize = 20;

/// One cycle. What single objects suffer is in the record and does not make the command fail.
pub(crate) async fn once(out: Out, loaded: &Loaded, full: bool) -> anyhow::Result<End> {
    loaded.require_source()?;
    let stop = signals::stop_token()?;
    let state = client::open_state(loaded)?;
    let tenant = Tenant::open(loaded).await?;
    let client = client::client(loaded, tenant.target(loaded)?, state)?;
    let shown = tokio::spawn(show_progress(out, client.progress()));
    let ended = client.once(full, stop).await;
    shown.abort();
    drop(client);
    tenant.close().await?;
    let record = ended?;
    out.print(&record, || run_text(&record))?;
    Ok(match record.result {
        RunResult::Success | RunResult::CompletedWithErrors | RunResult::Staged => End::Done,
        RunResult::StoppedDeletionThresholdExceeded => End::Held,
        RunResult::StoppedImport | RunResult::StoppedExport => End::Failed,
    })
}

fn run_text(record: &RunRecord) -> String {
    let mut text = String::new();
    let word = match record.result {
        RunResult::Success => "In step",
        RunResult::CompletedWithErrors => "Done; some objects have errors",
        RunResult::StoppedDeletionThresholdExceeded => "Held: a person must approve; nothing was written",
        RunResult::StoppedImport => "Stopped: the directory was not read whole; nothing was deleted",
        RunResult::Staged => {
            "Stand-by: another sync client writes; this one read and planned, and wrote nothing"
        }
        RunResult::StoppedExport => "Stopped: the server could not be written to",
    };
    let seconds = record.ended_at.duration_since(record.started_at).as_secs_f64();
    let _ = write!(text, "{word} ({seconds:.1} s)");
    if let Some(error) = &record.error {
        let _ = write!(text, "\n{error}");
    }
    for (kind, counts) in &record.counts {
        let counts: Vec<_> = counts.iter().map(|(what, n)| format!("{n} {what}")).collect();
        let _ = write!(text, "\n{kind:<6}  {}", counts.join(", "));
    }
    if record.members_added + record.members_removed > 0 {
        let _ = write!(text, "\nmembers {} added, {} removed", record.members_added, record.members_removed);
    }
    match record.object_errors {
        0 => {}
        1 => text.push_str("\n1 object has errors: the portal lists them with what to do"),
        n => {
            let _ = write!(text, "\n{n} objects have errors: the portal lists them with what to do");
        }
    }
    text
}

/// The plan of a cycle, made in a copy of the state: nothing is written, whoever else runs.
pub(crate) async fn preview(out: Out, loaded: &Loaded, limit: u32) -> anyhow::Result<End> {
    let listed = usize::try_from(limit).unwrap_or(usize::MAX);
    // For people deletions come first, so more are asked for than are shown.
    let limit = if out.is_json() { limit } else { limit.max(TO_CHOOSE_FROM) };
    loaded.require_source()?;
    let stop = signals::stop_token()?;
    let plan = if client::writes_to_itself(loaded)? && Running::read(&loaded.config.server.data_dir).is_some()
    {
        // `lockstep up` runs: its client makes the plan.
        match order(loaded, &json!({ "order": "preview", "limit": limit })).await? {
            OrderAnswer::Plan { plan } => *plan,
            OrderAnswer::Refused { reason } => bail!("the sync client refused: {reason}"),
            _ => bail!("the sync client answered with something other than a plan; report this"),
        }
    } else {
        let tenant = Tenant::open(loaded).await?;
        let client = client::client(loaded, tenant.target(loaded)?, client::copy_state(loaded)?)?;
        let shown = tokio::spawn(show_progress(out, client.progress()));
        let plan = client.preview(usize::try_from(limit).unwrap_or(usize::MAX), stop).await;
        shown.abort();
        drop(client);
        tenant.close().await?;
        plan?
    };
    out.print(&plan, || plan_text(&plan, listed))?;
    Ok(match plan.summary.verdict {
        Verdict::Pass => End::Done,
        Verdict::Held { .. } => End::Held,
    })
}

/// Approves a held plan: at the running client through the server, else in the client's state.
pub(crate) async fn approve(
    out: Out,
    loaded: &Loaded,
    digest: &str,
    by: Option<String>,
) -> anyhow::Result<End> {
    let by = by.unwrap_or_else(account);
    let state = match client::open_state(loaded) {
        Ok(state) => Some(state),
        Err(error) if matches!(error.downcast_ref(), Some(StateError::InUse { .. })) => None,
        Err(error) => return Err(error),
    };
    let said = match state {
        Some(state) => {
            // Only the state is touched; the server is not asked.
            let target =
                client::target_at(loaded, loaded.config.sync.server.clone(), "none".to_owned().into())?;
            client::client(loaded, target, state)?.approve(digest, &by).await?;
            "Approved: the next cycle writes the plan, if it still takes away exactly this."
        }
        None => match order(loaded, &json!({ "order": "approve", "digest": digest, "by": by })).await? {
            OrderAnswer::Refused { reason } => bail!("the sync client refused: {reason}"),
            _ => "Approved: the running sync client writes the plan now.",
        },
    };
    out.print(&json!({ "approved": digest, "by": by }), || said.to_owned())?;
    Ok(End::Done)
}

/// Has the client that writes give way to its stand-by.
pub(crate) async fn hand_over(out: Out, loaded: &Loaded) -> anyhow::Result<End> {
    match order(loaded, &json!({ "order": "handOver" })).await? {
        OrderAnswer::Refused { reason } => bail!("the sync client refused: {reason}"),
        _ => out.print(&json!({ "handedOver": true }), || {
            "Handed over: the stand-by writes in a moment; `lockstep status` shows which one does.".to_owned()
        })?,
    }
    Ok(End::Done)
}

/// Sends an order to the sync client that runs, through the server.
pub(crate) async fn order(loaded: &Loaded, order: &serde_json::Value) -> anyhow::Result<OrderAnswer> {
    let api = Api::open(loaded, &Remote::default()).await?;
    let answer = api.post("/api/v1/orders", order).await;
    api.close().await;
    answer
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
