//! What the client says of itself: at every change of its state at once, of its numbers soon, and every half
//! minute anyway, so that the tenant knows that it lives.

use lockstep_model::guard::DeletionThreshold;
use lockstep_model::provisioning::ClientReport;
use lockstep_targets::Target;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// A report is sent at least this often.
const HEARTBEAT: Duration = Duration::from_secs(30);
/// Changes of numbers alone are gathered for this long.
const GATHER: Duration = Duration::from_secs(1);
/// A report that was not delivered is sent again after this.
const AGAIN: Duration = Duration::from_secs(5);

/// What the tenant wants of the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wishes {
    pub(crate) sync_enabled: bool,
    pub(crate) threshold: Option<DeletionThreshold>,
}

impl Default for Wishes {
    fn default() -> Self {
        Self { sync_enabled: true, threshold: None }
    }
}

/// Sends reports until `stop`, and a last one then.
pub(crate) async fn follow(
    target: Arc<dyn Target>,
    mut reports: watch::Receiver<ClientReport>,
    wishes: watch::Sender<Wishes>,
    stop: CancellationToken,
) {
    while !stop.is_cancelled() {
        let report = reports.borrow_and_update().clone();
        let delivered = send(&target, report.clone(), &wishes).await;
        let now = Instant::now();
        let (mut due, sent) = if delivered { (now + HEARTBEAT, Some(report)) } else { (now + AGAIN, None) };
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                () = tokio::time::sleep_until(due) => break,
                changed = reports.changed() => {
                    if changed.is_err() {
                        return;
                    }
                    if delivered && is_urgent(sent.as_ref(), &reports.borrow_and_update()) {
                        break;
                    }
                    due = due.min(now + if delivered { GATHER } else { AGAIN });
                }
            }
        }
    }
    let last = reports.borrow().clone();
    let _ = tokio::time::timeout(Duration::from_secs(3), send(&target, last, &wishes)).await;
}

fn is_urgent(sent: Option<&ClientReport>, now: &ClientReport) -> bool {
    sent.is_none_or(|sent| {
        sent.state != now.state || sent.detail != now.detail || sent.held_plan != now.held_plan
    })
}

async fn send(target: &Arc<dyn Target>, report: ClientReport, wishes: &watch::Sender<Wishes>) -> bool {
    match target.report(report).await {
        Ok(answer) => {
            let new = Wishes { sync_enabled: answer.sync_enabled, threshold: answer.deletion_threshold };
            wishes.send_if_modified(|held| std::mem::replace(held, new) != new);
            true
        }
        Err(error) => {
            tracing::debug!(%error, "a report was not delivered");
            false
        }
    }
}
