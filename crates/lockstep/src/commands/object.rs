//! `lockstep sync object`: one object on demand, step by step.

use super::explain;
use super::sync::order;
use crate::End;
use crate::config::Loaded;
use crate::out::Out;
use crate::wiring::client;
use crate::wiring::once::Tenant;
use anyhow::bail;
use lockstep_model::explain::ObjectReport;
use lockstep_model::provisioning::{CheckResult, OrderAnswer};
use lockstep_sync::StateError;
use serde_json::json;
use std::fmt::Write;

/// Syncs it at the client that runs, else with the client's state.
pub(crate) async fn run(out: Out, loaded: &Loaded, object: &str, ignore_scope: bool) -> anyhow::Result<End> {
    loaded.require_source()?;
    let report = match client::open_state(loaded) {
        Ok(state) => {
            let tenant = Tenant::open(loaded).await?;
            let client = client::client(loaded, tenant.target(loaded)?, state)?;
            let report = client.sync_object(object, ignore_scope).await;
            drop(client);
            tenant.close().await?;
            report?
        }
        Err(error) if matches!(error.downcast_ref(), Some(StateError::InUse { .. })) => {
            let asked = json!({ "order": "syncObject", "object": object, "ignoreScope": ignore_scope });
            match order(loaded, &asked).await? {
                OrderAnswer::Object { report } => *report,
                OrderAnswer::Refused { reason } => bail!("the sync client refused: {reason}"),
                _ => bail!("the sync client answered with something other than a report; report this"),
            }
        }
        Err(error) => return Err(error),
    };
    out.print(&report, || text(&report))?;
    Ok(if report.is_done() { End::Done } else { End::Failed })
}

fn text(report: &ObjectReport) -> String {
    let mut text = String::new();
    for step in &report.steps {
        let word = match step.result {
            CheckResult::Pass => "ok",
            CheckResult::Warn => "note",
            CheckResult::Fail => "FAILED",
            CheckResult::Skipped => "-",
        };
        let _ = writeln!(text, "{word:<7} {:<16} {}", step.name, step.detail);
    }
    if let Some(explanation) = &report.explanation {
        text.push_str(&explain::text(explanation));
    }
    text.trim_end().to_owned()
}
