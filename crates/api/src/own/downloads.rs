//! `GET /downloads/lockstep`: the server's own program, for a sync client's machine. Without sign-in: it is
//! public, and the machine that needs it has no account yet.

use crate::error::ApiError;
use crate::state::ApiState;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, header};
use sha2::{Digest as _, Sha256};
use std::io::Read as _;
use std::path::Path;
use tokio::sync::OnceCell;
use tokio_util::io::ReaderStream;

/// The program's SHA-256 in hexadecimal, computed once: the file of a running program does not change.
#[derive(Debug, Default)]
pub(crate) struct Digest(OnceCell<String>);

/// The program.
pub(crate) async fn program(State(state): State<ApiState>) -> Result<Response, ApiError> {
    let path = path(&state)?;
    let file = tokio::fs::File::open(path).await.map_err(|error| unreadable(path, &error))?;
    let length = file.metadata().await.map_err(|error| unreadable(path, &error))?.len();
    let mut response = Body::from_stream(ReaderStream::with_capacity(file, 64 * 1024)).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    headers
        .insert(header::CONTENT_DISPOSITION, HeaderValue::from_static("attachment; filename=\"lockstep\""));
    Ok(response)
}

/// `GET /downloads/lockstep.sha256`, in the form that `sha256sum --check` reads.
pub(crate) async fn sha256(State(state): State<ApiState>) -> Result<Response, ApiError> {
    let path = path(&state)?;
    let digest = state
        .digest
        .0
        .get_or_try_init(|| async {
            let file = path.to_owned();
            let hashed = tokio::task::spawn_blocking(move || hash(&file)).await;
            hashed
                .map_err(|_| ApiError::unavailable("The server stops."))?
                .map_err(|error| unreadable(path, &error))
        })
        .await?;
    let text = format!("{digest}  lockstep\n");
    Ok(([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response())
}

fn path(state: &ApiState) -> Result<&Path, ApiError> {
    state.settings.program.as_deref().ok_or_else(|| ApiError::not_found("downloads/lockstep"))
}

fn unreadable(path: &Path, error: &std::io::Error) -> ApiError {
    tracing::error!(path = %path.display(), %error, "the program cannot be read for download");
    ApiError::unavailable("The program cannot be read on the server; the server's log says why.")
}

fn hash(path: &Path) -> std::io::Result<String> {
    let mut file = std::fs::File::open(path)?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0_u8; 64 * 1024];
    loop {
        match file.read(&mut buffer)? {
            0 => break,
            read => hash.update(buffer.get(..read).unwrap_or_default()),
        }
    }
    Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}
