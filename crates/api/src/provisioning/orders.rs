//! `/provisioning/v1/orders`: the connection over which a client takes orders, and its answers to them.

use super::client_of;
use crate::auth::Identity;
use crate::body;
use crate::error::ApiError;
use crate::events::Topics;
use crate::serve::Closing;
use crate::state::ApiState;
use axum::Extension;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use http::StatusCode;
use lockstep_model::provisioning::{MAX_BODY_BYTES, OrderAnswer};
use lockstep_model::{ClientId, OrderId};
use std::convert::Infallible;
use std::time::Duration;

/// How often a line is sent when there is no order, so that both ends know that the other lives.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// Tells the hub that a connection ended, however it did.
struct Place {
    state: ApiState,
    client: ClientId,
    serial: u64,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.state.orders.disconnect(self.client, self.serial, self.state.now());
        // Only a runtime that still runs can tell the pages.
        if tokio::runtime::Handle::try_current().is_ok() {
            self.state.events.publish(Topics::STATUS);
        }
    }
}

/// `GET`: the stream of orders. A second connection of the same client ends the first.
pub(crate) async fn stream(
    State(state): State<ApiState>,
    Extension(identity): Extension<Identity>,
    closing: Option<Extension<Closing>>,
) -> Result<Response, ApiError> {
    let client = client_of(&identity)?;
    let Some((serial, orders)) = state.orders.connect(client) else {
        return Err(ApiError::unavailable("Too many sync clients are connected; try again."));
    };
    state.events.publish(Topics::STATUS);
    let place = Place { state, client, serial };
    let end = Box::pin(Closing::wait(closing.map(|Extension(closing)| closing)));
    let first = stream::iter([Ok::<_, Infallible>(Event::default().comment("connected"))]);
    let rest = stream::unfold((place, orders, end), |(place, mut orders, mut end)| async move {
        loop {
            let order = tokio::select! {
                order = orders.recv() => order?,
                () = &mut end => return None,
            };
            match Event::default().event("order").json_data(&order) {
                Ok(event) => return Some((Ok(event), (place, orders, end))),
                Err(error) => tracing::error!(%error, "an order cannot be written"),
            }
        }
    });
    let keep_alive = KeepAlive::new().interval(KEEP_ALIVE).text("alive");
    Ok(Sse::new(futures_util::StreamExt::chain(first, rest)).keep_alive(keep_alive).into_response())
}

/// `POST /{id}`: an answer. 204; 404 where nobody waits for it any more.
pub(crate) async fn answer(
    State(state): State<ApiState>,
    Extension(identity): Extension<Identity>,
    id: Result<Path<OrderId>, PathRejection>,
    request: Request,
) -> Result<Response, ApiError> {
    let client = client_of(&identity)?;
    let Path(id) = id.map_err(|_| ApiError::bad_request("The order's id is no UUID."))?;
    let (head, content) = request.into_parts();
    let answer: OrderAnswer = body::read_large_json(&state, &head.headers, content, MAX_BODY_BYTES).await?;
    if state.orders.answer(client, id, answer) {
        Ok(StatusCode::NO_CONTENT.into_response())
    } else {
        Err(ApiError::not_found(&id.to_string()))
    }
}
