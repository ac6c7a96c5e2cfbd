//! The addresses of one tenant. Groups differ by who may ask and how long it may take; every handler reads its own body, with
//! its own limit.

use crate::layers::{around, within};
use crate::state::ApiState;
use crate::{auth, book, graph, openapi, own, portal, provisioning, scim};
use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::routing::{any, delete, get, patch, post, put};
use std::time::Duration;

/// Longest time of an ordinary request, of one that waits for a sync client or carries a batch.
const ORDINARY: Duration = Duration::from_secs(30);
const LONG: Duration = Duration::from_secs(120);

/// One tenant, by its addresses.
pub fn router(state: ApiState) -> Router {
    let ordinary = from_fn(|request: Request, next: Next| within(ORDINARY, request, next));
    let long = from_fn(|request: Request, next: Next| within(LONG, request, next));

    let open = Router::new()
        .route("/healthz", get(own::health::healthz))
        .route("/readyz", get(own::health::readyz))
        .route("/docs", get(book::to_front))
        .route("/docs/", get(book::front))
        .route("/docs/{*path}", get(book::show))
        .route("/downloads/lockstep", get(own::downloads::program))
        .route("/downloads/lockstep.sha256", get(own::downloads::sha256))
        .route("/api/v1/openapi.json", get(openapi::show))
        .route("/api/v1/session", post(auth::session::sign_in))
        .route("/api/v1/session/link", post(auth::session::link))
        .route("/api/v1/session/place", get(auth::session::place))
        .layer(ordinary.clone());

    let own_session = Router::new()
        .route("/api/v1/session", get(auth::session::show).merge(delete(auth::session::sign_out)))
        .route("/metrics", get(own::metrics::show))
        .layer(from_fn_with_state(state.clone(), auth::any_role))
        .layer(ordinary.clone());

    let own = Router::new()
        .route("/api/v1/status", get(own::status::show))
        .route("/api/v1/errors", get(own::errors::list))
        .route("/api/v1/errors/export", get(own::export::export))
        .route("/api/v1/errors/recheck", post(own::errors::recheck))
        .route("/api/v1/errors/{id}/ignored", put(own::errors::ignore).merge(delete(own::errors::show)))
        .route("/api/v1/errors/{id}/fixes", get(own::fixes::list))
        .route("/api/v1/errors/{id}/fix", post(own::fixes::apply))
        .route("/api/v1/history", get(own::history::list))
        .route("/api/v1/history/export", get(own::history::export))
        .route("/api/v1/runs", get(own::runs::list))
        .route("/api/v1/activity", get(own::activity::show))
        .route("/api/v1/leases", get(own::leases::list))
        .route("/api/v1/runs/export", get(own::runs::export))
        .route("/api/v1/runs/{id}", get(own::runs::one))
        .route("/api/v1/runs/{id}/objects", get(own::runs::objects))
        .route("/api/v1/runs/{id}/export", get(own::runs::export_objects))
        .route("/api/v1/orders", post(own::orders::send))
        .route("/api/v1/enrollments", post(own::enroll::create))
        .route("/api/v1/people", get(own::people::list).merge(post(own::people::add)))
        .route("/api/v1/people/{name}", patch(own::people::patch).merge(delete(own::people::remove)))
        .route("/api/v1/people/{name}/link", post(own::people::link))
        .route("/api/v1/tokens", get(own::people::tokens).merge(post(own::people::add_token)))
        .route("/api/v1/tokens/{name}", delete(own::people::remove_token))
        .route("/api/v1/accesslog", get(own::people::log))
        .route("/api/v1/settings", get(own::settings::show))
        .route("/api/v1/doctor", get(own::doctor::check))
        .route("/api/v1/events", get(own::events::stream))
        .route("/v1.0/{*path}", any(graph::v1))
        .route("/beta/{*path}", any(graph::beta))
        .layer(from_fn_with_state(state.clone(), auth::person))
        .layer(long.clone());

    let provisioning = Router::new()
        .route("/provisioning/v1/bulk", post(provisioning::bulk::bulk))
        .route("/provisioning/v1/inventory", get(provisioning::inventory::inventory))
        .route("/provisioning/v1/groups/{anchor}/members", get(provisioning::members::members))
        .route("/provisioning/v1/errors", put(provisioning::errors::put))
        .route("/provisioning/v1/report", post(provisioning::report::report))
        .route("/provisioning/v1/lease", post(provisioning::lease::ask))
        .route("/provisioning/v1/runs", post(provisioning::runs::put))
        .route("/provisioning/v1/enroll", post(own::enroll::change))
        .route("/provisioning/v1/orders", get(provisioning::orders::stream))
        .route("/provisioning/v1/orders/{id}", post(provisioning::orders::answer))
        .layer(from_fn_with_state(state.clone(), auth::sync_client))
        .layer(long.clone());

    let scim = Router::new()
        .route("/scim/v2/{*path}", any(scim::serve))
        .layer(from_fn_with_state(state.clone(), auth::scim))
        .layer(long)
        .layer(from_fn(scim::in_its_form));

    Router::new()
        .merge(open)
        .merge(own_session)
        .merge(own)
        .merge(provisioning)
        .merge(scim)
        .fallback_service(portal::service())
        // Each handler has its own limit (crate::body), and no other is to cut in.
        .layer(DefaultBodyLimit::disable())
        .layer(from_fn_with_state(state.clone(), around))
        .with_state(state)
}
