//! Page tokens: where a page ended, opaque to all but this store.

use super::rows::{Fault, Result};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Bytes a token may have: a name of 256 characters of four bytes, escaped, in base64.
const MAX: usize = 8_192;

pub(super) fn encode<T: Serialize>(position: &T) -> Result<String> {
    Ok(URL_SAFE_NO_PAD.encode(super::rows::to_json(position)?))
}

pub(super) fn decode<T: DeserializeOwned>(token: &str) -> Result<T> {
    let bad = || Fault::BadPageToken;
    if token.len() > MAX {
        return Err(bad());
    }
    let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|_| bad())?;
    serde_json::from_slice(&bytes).map_err(|_| bad())
}
