//! `GET /api/v1/events`: what changed, as Server-Sent Events, for open pages.

use crate::error::ApiError;
use crate::events::Topics;
use crate::serve::Closing;
use crate::state::ApiState;
use axum::Extension;
use axum::extract::State;
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream::{self, StreamExt};
use serde_json::json;
use std::convert::Infallible;
use std::time::Duration;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{Instant, MissedTickBehavior};

/// Streams at a time.
const LISTENERS: usize = 512;
/// A sign of life when nothing happens.
const PING: Duration = Duration::from_secs(15);
/// A stream ends after this; the browser asks again by itself, and is asked again who it is.
const LIFETIME: Duration = Duration::from_secs(3600);

/// The stream.
pub(crate) async fn stream(
    State(state): State<ApiState>,
    closing: Option<Extension<Closing>>,
) -> Result<Response, ApiError> {
    if state.events.listeners() >= LISTENERS {
        return Err(ApiError::unavailable("Too many pages are open at once; close some."));
    }
    let heard = state.events.subscribe();
    let mut ping = tokio::time::interval_at(Instant::now() + PING, PING);
    ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let end = Box::pin(async move {
        let closing = Closing::wait(closing.map(|Extension(closing)| closing));
        // Either way it is the end.
        let _ = tokio::time::timeout(LIFETIME, closing).await;
    });
    let first = stream::iter([Ok::<_, Infallible>(
        Event::default().comment("connected").retry(Duration::from_secs(2)),
    )]);
    let rest =
        stream::unfold((state, heard, ping, end), |(state, mut heard, mut ping, mut end)| async move {
            let names: Vec<&'static str> = tokio::select! {
                topics = heard.recv() => match topics {
                    Ok(topics) => topics.names().collect(),
                    // The page was slow: it asks for everything anew.
                    Err(RecvError::Lagged(_)) => Topics::ALL.names().collect(),
                    Err(RecvError::Closed) => return None,
                },
                _ = ping.tick() => vec!["ping"],
                () = &mut end => return None,
            };
            let data = json!({"at": state.now()}).to_string();
            let events: Vec<_> =
                names.into_iter().map(|name| Ok(Event::default().event(name).data(&data))).collect();
            Some((stream::iter(events), (state, heard, ping, end)))
        });
    Ok(Sse::new(first.chain(rest.flatten())).into_response())
}
