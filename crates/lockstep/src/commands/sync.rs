//! `lockstep sync once` and `approve`. (`run` lasts: `wiring/run.rs`.)

use crate::End;
use crate::cli::Remote;
use crate::config::Loaded;
use crate::out::Out;
use crate::signals;
use crate::wiring::client;
use crate::wiring::once::Tenant;
use crate::wiring::remote::{Api, account};
use crate::wiring::run::show_progress;
use anyhow::bail;
use lockstep_model::provisioning::{OrderAnswer, RunRecord, RunResult};
use lockstep_sync::StateError;
use serde_json::json;
use std::fmt::Write;

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
        RunResult::Success | RunResult::CompletedWithErrors => End::Done,
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

/// Sends an order to the sync client that runs, through the server.
pub(crate) async fn order(loaded: &Loaded, order: &serde_json::Value) -> anyhow::Result<OrderAnswer> {
    let api = Api::open(loaded, &Remote::default()).await?;
    let answer = api.post("/api/v1/orders", order).await;
    api.close().await;
    answer
}
