//! The portal: the built files of `portal/dist`, embedded. What is no file and wants HTML gets `index.html`, for
//! the portal finds its pages by itself.

use crate::error::ApiError;
use crate::layers::Route;
use axum::Router;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use rust_embed::{EmbeddedFile, RustEmbed};
use std::convert::Infallible;
use std::fmt::Write as _;
use tower::ServiceExt as _;
use tower_http::compression::CompressionLayer;

#[derive(RustEmbed)]
#[folder = "../../portal/dist"]
#[allow_missing = true]
struct Files;

/// Paths that belong to programs: there, an unknown address is an error and never a page.
const NOT_PAGES: [&str; 7] = ["api", "v1.0", "beta", "provisioning", "downloads", "metrics", "tenants"];

/// The service for every address that is no endpoint.
pub(crate) fn service()
-> impl tower::Service<Request, Response = Response, Error = Infallible, Future: Send + 'static>
+ Clone
+ Send
+ Sync
+ 'static {
    Router::new()
        .fallback(any(serve))
        .layer(CompressionLayer::new())
        .into_service()
        .map_err(|never: Infallible| match never {})
}

async fn serve(request: Request) -> Response {
    let mut response = answer(&request).unwrap_or_else(IntoResponse::into_response);
    response.extensions_mut().insert(Route("portal"));
    response
}

fn answer(request: &Request) -> Result<Response, ApiError> {
    let path = request.uri().path().trim_start_matches('/');
    let first = path.split('/').next().unwrap_or_default();
    if NOT_PAGES.iter().any(|program| first.eq_ignore_ascii_case(program)) {
        let what = format!(
            "{} /{first}/... : there is nothing at this address; see the API reference.",
            request.method()
        );
        // Graph has more than is here, and says so of the rest; our own addresses are all here.
        let is_graph = ["v1.0", "beta"].iter().any(|version| first.eq_ignore_ascii_case(version));
        return Err(if is_graph {
            ApiError::not_implemented(what)
        } else {
            ApiError::new(StatusCode::NOT_FOUND, "Request_ResourceNotFound", what)
        });
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return Err(ApiError::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "Request_BadRequest",
            "Pages are only read.",
        ));
    }
    let headers = request.headers();
    if let Some(file) = find(path, headers) {
        return Ok(file);
    }
    let wants_page = headers
        .get(header::ACCEPT)
        .and_then(|accept| accept.to_str().ok())
        .is_some_and(|accept| accept.contains("text/html"));
    if path.is_empty() || (wants_page && !first.eq_ignore_ascii_case("assets")) {
        return find("index.html", headers).ok_or_else(|| {
            ApiError::new(
                StatusCode::NOT_FOUND,
                "Request_ResourceNotFound",
                "This program was built without the portal: run `npm ci && npm run build` in portal/ and build it again.",
            )
        });
    }
    Err(ApiError::not_found(&path.chars().take(200).collect::<String>()))
}

/// A file, compressed beforehand where that is there and wanted.
fn find(path: &str, headers: &HeaderMap) -> Option<Response> {
    let accepts_gzip = headers
        .get(header::ACCEPT_ENCODING)
        .and_then(|accept| accept.to_str().ok())
        .is_some_and(|accept| accept.contains("gzip"));
    let (file, gzip) = match accepts_gzip.then(|| Files::get(&format!("{path}.gz"))).flatten() {
        Some(file) => (file, true),
        None => (Files::get(path)?, false),
    };
    Some(respond(path, file, gzip, headers))
}

fn respond(path: &str, file: EmbeddedFile, gzip: bool, asked: &HeaderMap) -> Response {
    let mut etag = String::from("\"");
    for byte in file.metadata.sha256_hash().iter().take(16) {
        let _ = write!(etag, "{byte:02x}");
    }
    etag.push('"');
    let known = asked.get(header::IF_NONE_MATCH).is_some_and(|seen| {
        seen.to_str().is_ok_and(|seen| seen.split(',').any(|tag| tag.trim().trim_start_matches("W/") == etag))
    });
    let mut response =
        if known { StatusCode::NOT_MODIFIED.into_response() } else { file.data.into_owned().into_response() };
    let headers = response.headers_mut();
    // Files below assets/ have a digest in their names: what they hold never changes.
    let caching =
        if path.starts_with("assets/") { "public, max-age=31536000, immutable" } else { "no-cache" };
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(caching));
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type(path)));
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if let Ok(etag) = HeaderValue::from_str(&etag) {
        headers.insert(header::ETAG, etag);
    }
    if gzip {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    response
}

fn media_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map(|(_, extension)| extension) {
        Some("html") => "text/html; charset=utf-8",
        Some("js" | "mjs") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("ico") => "image/x-icon",
        Some("jpg" | "jpeg") => "image/jpeg",
        Some("webp") => "image/webp",
        Some("woff2") => "font/woff2",
        Some("woff") => "font/woff",
        Some("json" | "map") => "application/json; charset=utf-8",
        Some("webmanifest") => "application/manifest+json",
        Some("txt") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}
