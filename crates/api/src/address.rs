//! The address under which a caller reached this server: what links in answers begin with.

use crate::state::ApiState;
use http::{HeaderMap, header};

/// `https://host`, without a slash at the end.
pub(crate) fn base(state: &ApiState, headers: &HeaderMap, tls: bool) -> String {
    match &state.settings.public_url {
        Some(url) => url.trim_end_matches('/').to_owned(),
        None => {
            let scheme = if tls { "https" } else { "http" };
            format!("{scheme}://{}", host(headers).unwrap_or("localhost"))
        }
    }
}

/// The `Host` of a request, if it is one.
fn host(headers: &HeaderMap) -> Option<&str> {
    let host = headers.get(header::HOST)?.to_str().ok()?;
    let plain = host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._:[]".contains(&b));
    (plain && !host.is_empty() && host.len() <= 255).then_some(host)
}
