//! `POST /api/v1/orders`: passes an order to a sync client and waits for its answer.

use crate::auth::Identity;
use crate::body;
use crate::error::ApiError;
use crate::orders::OrderFailure;
use crate::state::ApiState;
use axum::Extension;
use axum::extract::{Request, State};
use axum::response::Response;
use http::StatusCode;
use lockstep_model::provisioning::{OrderRequest, SourceSetup};
use lockstep_model::rules::ExpressionSide;
use lockstep_model::{ClientId, Timestamp};
use serde::Deserialize;
use std::time::Duration;

/// Longest wait for an answer.
const PATIENCE: Duration = Duration::from_secs(60);
/// Items of a preview where the caller does not say.
const PREVIEW_ITEMS: u32 = 200;
/// Items of a preview at most.
const MAX_PREVIEW_ITEMS: u32 = 10_000;
/// Newest leases among which the one in force is looked for.
pub(super) const LEASES: usize = 100;
/// Bytes of a plan's digest.
const MAX_DIGEST_BYTES: usize = 256;

/// Bytes of what names an object: a DN at most.
const MAX_OBJECT_BYTES: usize = lockstep_model::dn::MAX_BYTES;
/// Containers that a directory to read is given with.
const MAX_CONTAINERS: usize = 1_000;
/// Bytes of a rule set that is tried.
const MAX_RULES_BYTES: usize = 1024 * 1024;
/// Bytes of an order: a rule set as JSON writes it, with every line end and quote as two.
const MAX_BODY_BYTES: usize = 2 * MAX_RULES_BYTES + 256 * 1024;
/// Bytes of an expression that is tried; the client has its own, lower limit and says where it is passed.
const MAX_EXPRESSION_BYTES: usize = 64 * 1024;

/// An order as a person gives it: who approves is not said, but known.
#[derive(Deserialize)]
#[serde(tag = "order", rename_all = "camelCase")]
enum Given {
    SyncNow {
        #[serde(default)]
        full: bool,
    },
    Pause,
    Resume,
    Preview {
        limit: Option<u32>,
        rules: Option<String>,
    },
    Approve {
        digest: String,
    },
    #[serde(rename_all = "camelCase")]
    SyncObject {
        object: String,
        #[serde(default)]
        ignore_scope: bool,
    },
    Explain {
        object: String,
        rules: Option<String>,
    },
    Doctor,
    Precheck {
        #[serde(default)]
        start: bool,
    },
    Containers,
    Configure {
        source: Box<SourceSetup>,
        #[serde(default)]
        begin: bool,
    },
    HandOver,
    Rules {
        rules: Option<String>,
    },
    Evaluate {
        object: String,
        expression: String,
        #[serde(default)]
        side: ExpressionSide,
        rules: Option<String>,
    },
}

#[derive(Deserialize)]
struct Asked {
    /// Which client, where there are several; else the one that holds a lease, else the one that connected last.
    client: Option<ClientId>,
}

/// Sends an order. 503 where no client is connected, 504 where none answers within a minute.
pub(crate) async fn send(
    State(state): State<ApiState>,
    Extension(identity): Extension<Identity>,
    request: Request,
) -> Result<Response, ApiError> {
    let Asked { client } = super::query(request.uri().query())?;
    let (parts, content) = request.into_parts();
    let request = match body::read_large_json(&state, &parts.headers, content, MAX_BODY_BYTES).await? {
        Given::SyncNow { full } => OrderRequest::SyncNow { full },
        Given::Pause => OrderRequest::Pause,
        Given::Resume => OrderRequest::Resume,
        Given::Preview { rules: Some(text), .. }
        | Given::Explain { rules: Some(text), .. }
        | Given::Evaluate { rules: Some(text), .. }
        | Given::Rules { rules: Some(text) }
            if text.len() > MAX_RULES_BYTES =>
        {
            return Err(ApiError::bad_request("`rules` has at most 1 MiB; split the rule set."));
        }
        Given::Preview { limit, rules } => {
            OrderRequest::Preview { limit: limit.unwrap_or(PREVIEW_ITEMS).min(MAX_PREVIEW_ITEMS), rules }
        }
        Given::Approve { digest } if digest.len() > MAX_DIGEST_BYTES => {
            return Err(ApiError::bad_request("`digest` is that of the plan shown."));
        }
        Given::Approve { digest } => OrderRequest::Approve { digest, by: identity.name },
        Given::Explain { object, .. } | Given::SyncObject { object, .. } | Given::Evaluate { object, .. }
            if object.trim().is_empty() || object.len() > MAX_OBJECT_BYTES =>
        {
            return Err(ApiError::bad_request(
                "`object` is an anchor, a DN, a uid, a mail address or a name.",
            ));
        }
        Given::SyncObject { object, ignore_scope } => OrderRequest::SyncObject { object, ignore_scope },
        Given::Explain { object, rules } => OrderRequest::Explain { object, rules },
        Given::Doctor => OrderRequest::Doctor,
        Given::Precheck { start } => OrderRequest::Precheck { start },
        Given::Containers => OrderRequest::Containers,
        Given::Configure { source, .. } if !is_fitting(&source) => {
            return Err(ApiError::bad_request(
                "`source` names a directory: `url`, `baseDn`, and at most 1,000 containers.",
            ));
        }
        Given::Configure { source, begin } => OrderRequest::Configure { source, begin },
        Given::HandOver => OrderRequest::HandOver,
        Given::Rules { rules } => OrderRequest::Rules { rules },
        Given::Evaluate { expression, .. } if expression.len() > MAX_EXPRESSION_BYTES => {
            return Err(ApiError::bad_request("`expression` has at most 64 KiB."));
        }
        Given::Evaluate { object, expression, side, rules } => {
            OrderRequest::Evaluate { object, expression, side, rules }
        }
    };
    if client.is_none() && matches!(request, OrderRequest::Configure { .. }) && state.orders.connected() > 1 {
        // It carries a password, which goes to nobody by guess.
        return Err(ApiError::bad_request(
            "Several sync clients are connected; name the one that waits with `?client=`, or stop the others.",
        ));
    }
    let client = match client {
        Some(client) => Some(client),
        None => active(&state).await?,
    };
    match state.orders.send(client, request, state.now(), PATIENCE).await {
        Ok(answer) => body::json(&answer),
        Err(failure) => Err(refuse(&state, failure).await),
    }
}

/// Whether a directory is named, and nothing in it is without end.
fn is_fitting(source: &SourceSetup) -> bool {
    let texts = [Some(&source.url), Some(&source.base_dn), source.bind_dn.as_ref()];
    let password = source.password.as_ref().map(|password| &password.0);
    let named = source.include.iter().chain(&source.exclude);
    !source.url.is_empty()
        && !source.base_dn.is_empty()
        && source.include.len() + source.exclude.len() <= MAX_CONTAINERS
        && texts.into_iter().flatten().chain(password).chain(named).all(|text| text.len() <= MAX_OBJECT_BYTES)
}

/// The connected client that holds a lease; the newest where there are several.
pub(super) async fn active(state: &ApiState) -> Result<Option<ClientId>, ApiError> {
    let now = state.now();
    let leases = state.store.leases(LEASES).await?;
    let holder = leases.into_iter().filter(|lease| lease.is_held(now)).map(|lease| lease.client);
    Ok({ holder }.find(|client| state.orders.is_connected(*client)))
}

/// Why there is no answer, with the time since when.
pub(super) async fn refuse(state: &ApiState, failure: OrderFailure) -> ApiError {
    match failure {
        OrderFailure::NotConnected(since) => {
            let heard = match since {
                Some(since) => Some(since),
                None => last_contact(state).await,
            };
            ApiError::unavailable(match heard {
                Some(since) => format!(
                    "No sync client is connected since {}; start it (`lockstep sync`) or see its log.",
                    since.strftime("%Y-%m-%dT%H:%M:%SZ")
                ),
                None => "No sync client was ever connected; set one up with `lockstep sync`.".to_owned(),
            })
        }
        OrderFailure::Busy => {
            ApiError::unavailable("The sync client has many orders to answer; try again in a minute.")
        }
        OrderFailure::TimedOut => ApiError::new(
            StatusCode::GATEWAY_TIMEOUT,
            "GatewayTimeout",
            "The sync client is connected and did not answer within a minute; see its log.",
        ),
    }
}

async fn last_contact(state: &ApiState) -> Option<Timestamp> {
    state.store.clients().await.ok()?.iter().filter_map(|client| client.last_contact).max()
}
