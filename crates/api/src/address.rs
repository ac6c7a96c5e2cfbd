//! The address under which a caller reached this server: what links in answers begin with.

use crate::state::ApiState;
use crate::tenants::Prefix;
use crate::tls::is_tls;
use http::{Extensions, HeaderMap, header};

/// How a request came: over TLS or not, and by which prefix to its tenant.
#[derive(Clone, Debug)]
pub(crate) struct Site {
    tls: bool,
    prefix: Option<Prefix>,
}

impl Site {
    pub(crate) fn of(state: &ApiState, extensions: &Extensions) -> Self {
        Self { tls: is_tls(state, extensions), prefix: extensions.get::<Prefix>().cloned() }
    }

    #[cfg(test)]
    pub(crate) fn at(prefix: &str, tls: bool) -> Self {
        Self { tls, prefix: (!prefix.is_empty()).then(|| Prefix(prefix.into())) }
    }

    /// Whether it came over TLS.
    pub(crate) fn is_tls(&self) -> bool {
        self.tls
    }

    /// `/tenants/contoso.com`; nothing for the first tenant where it is asked without.
    pub(crate) fn prefix(&self) -> &str {
        self.prefix.as_ref().map_or("", |prefix| &prefix.0)
    }
}

/// `https://host`, and the tenant's prefix, without a slash at the end.
pub(crate) fn base(state: &ApiState, headers: &HeaderMap, site: &Site) -> String {
    let prefix = site.prefix();
    match &state.settings.public_url {
        Some(url) => format!("{}{prefix}", url.trim_end_matches('/')),
        None => {
            let scheme = if site.tls { "https" } else { "http" };
            format!("{scheme}://{}{prefix}", host(headers).unwrap_or("localhost"))
        }
    }
}

/// The `Host` of a request, if it is one.
fn host(headers: &HeaderMap) -> Option<&str> {
    let host = headers.get(header::HOST)?.to_str().ok()?;
    let plain = host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._:[]".contains(&b));
    (plain && !host.is_empty() && host.len() <= 255).then_some(host)
}
