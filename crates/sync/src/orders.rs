//! Orders of the tenant, over the connection that the client opened. Looking (preview, doctor, pre-check) is answered here;
//! what changes the client's course goes to its loop.

use crate::SyncFailure;
use crate::backoff::Backoff;
use crate::client::SyncClient;
use futures_util::StreamExt;
use lockstep_engine::rules::{Rules, RulesDocument};
use lockstep_model::OrderId;
use lockstep_model::provisioning::{Order, OrderAnswer, OrderRequest};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// Objects listed in a preview when the order does not say.
const LISTED: u32 = 200;
/// Objects listed in a preview at most.
const LISTED_AT_MOST: u32 = 5_000;

/// Takes orders until `stop`, reconnecting.
pub(crate) async fn follow(client: SyncClient, to: mpsc::Sender<Order>, stop: CancellationToken) {
    let mut backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(30));
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = connection(&client, &to, &stop, &mut backoff) => {}
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(backoff.next()) => {}
        }
    }
}

async fn connection(
    client: &SyncClient,
    to: &mpsc::Sender<Order>,
    stop: &CancellationToken,
    backoff: &mut Backoff,
) {
    let mut orders = match client.target.orders().await {
        Ok(orders) => orders,
        Err(error) => {
            tracing::debug!(%error, "no connection for orders");
            return;
        }
    };
    backoff.reset();
    while let Some(order) = orders.next().await {
        match order {
            Ok(order) => dispatch(client, order, to, stop).await,
            Err(error) => {
                tracing::debug!(%error, "the connection for orders ended");
                return;
            }
        }
    }
}

async fn dispatch(client: &SyncClient, order: Order, to: &mpsc::Sender<Order>, stop: &CancellationToken) {
    let (client, stop) = (client.clone(), stop.clone());
    match order.request {
        OrderRequest::Doctor => {
            tokio::spawn(async move {
                let checks = client.check().await;
                answer(&client, order.id, OrderAnswer::Doctor { checks }).await;
            });
        }
        OrderRequest::Preview { limit, rules } => {
            let limit = if limit == 0 { LISTED } else { limit.min(LISTED_AT_MOST) };
            tokio::spawn(async move {
                let reply = match draft(&client, rules) {
                    Ok(draft) => match client.preview(limit as usize, draft, stop).await {
                        Ok(plan) => OrderAnswer::Plan { plan: Box::new(plan) },
                        Err(error) => OrderAnswer::Refused { reason: error.whole_text() },
                    },
                    Err(reason) => OrderAnswer::Refused { reason },
                };
                answer(&client, order.id, reply).await;
            });
        }
        OrderRequest::Explain { object, rules } => {
            tokio::spawn(async move {
                let reply = match draft(&client, rules) {
                    Ok(draft) => match client.explain(&object, draft).await {
                        Ok(Some(told)) => OrderAnswer::Explanation { explanation: Box::new(told) },
                        Ok(None) => OrderAnswer::Refused { reason: not_found(&object) },
                        Err(error) => OrderAnswer::Refused { reason: error.whole_text() },
                    },
                    Err(reason) => OrderAnswer::Refused { reason },
                };
                answer(&client, order.id, reply).await;
            });
        }
        OrderRequest::Precheck { start } => {
            tokio::spawn(async move {
                let reply = match client.precheck_state(start, stop).await {
                    Ok(state) => OrderAnswer::Precheck { state: Box::new(state) },
                    Err(error) => OrderAnswer::Refused { reason: SyncFailure::from(error).whole_text() },
                };
                answer(&client, order.id, reply).await;
            });
        }
        OrderRequest::Containers => {
            tokio::spawn(async move {
                let reply = match client.containers(&stop).await {
                    Ok((containers, truncated)) => OrderAnswer::Containers { containers, truncated },
                    Err(error) => OrderAnswer::Refused { reason: error.whole_text() },
                };
                answer(&client, order.id, reply).await;
            });
        }
        OrderRequest::Rules { rules } => {
            tokio::spawn(async move {
                let told = match rules {
                    Some(text) => Rules::view_of(draft_of(&client, text)),
                    None => client.settings.rules.view(),
                };
                answer(&client, order.id, OrderAnswer::Rules { rules: Box::new(told) }).await;
            });
        }
        OrderRequest::Evaluate { object, expression, side, rules } => {
            tokio::spawn(async move {
                let reply = match draft(&client, rules) {
                    Ok(draft) => match client.evaluate(&object, &expression, side, draft).await {
                        Ok(Some(report)) => OrderAnswer::Evaluated { report: Box::new(report) },
                        Ok(None) => OrderAnswer::Refused { reason: not_found(&object) },
                        Err(error) => OrderAnswer::Refused { reason: error.whole_text() },
                    },
                    Err(reason) => OrderAnswer::Refused { reason },
                };
                answer(&client, order.id, reply).await;
            });
        }
        OrderRequest::Configure { .. } => {
            let reason = "This client has its directory already: it stands in [source] of its configuration.";
            let reply = OrderAnswer::Refused { reason: reason.to_owned() };
            tokio::spawn(async move { answer(&client, order.id, reply).await });
        }
        OrderRequest::SyncNow { .. }
        | OrderRequest::SyncObject { .. }
        | OrderRequest::Pause
        | OrderRequest::Resume
        | OrderRequest::HandOver
        | OrderRequest::Approve { .. } => {
            let _ = to.send(order).await;
        }
    }
}

/// The rule set that an order brings to be tried; else what is wrong with it.
fn draft(client: &SyncClient, rules: Option<String>) -> Result<Option<Arc<Rules>>, String> {
    let Some(text) = rules else { return Ok(None) };
    Rules::new(draft_of(client, text))
        .map(|rules| Some(Arc::new(rules)))
        .map_err(|problems| problems.to_string())
}

/// A text as a rule set for the sources of this client.
fn draft_of(client: &SyncClient, text: String) -> RulesDocument {
    let sources = client.settings.rules.sources().to_vec();
    RulesDocument::Set { file: "draft".to_owned(), text, sources }
}

/// What to say where no entry is called so.
pub fn not_found(object: &str) -> String {
    format!(
        "No entry that was read from the directory is called '{object}' (by anchor, DN, uid, mail, cn or displayName). \
         Is it below the search base, and may the service account read it? `lockstep doctor` looks at both."
    )
}

/// Answers an order; one that cannot be delivered is dropped: the server waits for a minute only.
pub(crate) async fn answer(client: &SyncClient, order: OrderId, answer: OrderAnswer) {
    if let Err(error) = client.target.answer(order, answer).await {
        tracing::warn!(%error, "an order's answer was not delivered");
    }
}
