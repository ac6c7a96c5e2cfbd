//! What the server is told about itself.

use jiff::SignedDuration;
use std::path::PathBuf;

/// Settings of the server's HTTP.
#[derive(Clone, Debug)]
pub struct ApiSettings {
    /// The address that clients and browsers use, without a slash at the end: `https://directory.contoso.com`.
    /// Absent: taken from each request's `Host`. It makes links in answers, and `https` here makes cookies
    /// `Secure` and switches Strict-Transport-Security on (for a server behind a proxy that ends TLS).
    pub public_url: Option<String>,
    /// Version of this program: also the newest client that `/downloads` offers.
    pub version: String,
    /// A sync is stale when it is older than this. Default: 3 days.
    pub stale_after: SignedDuration,
    /// The program that `/downloads/lockstep` hands out: `std::env::current_exe`. Absent: none.
    pub program: Option<PathBuf>,
    /// How long things are kept, for the page of settings.
    pub retention: Retention,
}

/// How long things are kept, as the server's file says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Deleted objects, in seconds. Default: 30 days.
    pub keep_deleted_seconds: u64,
    /// Runs and the history of objects, in seconds. Default: 30 days.
    pub history_seconds: u64,
    /// Most room of the history, in MiB. Default: 512.
    pub history_megabytes: u64,
}

impl Default for Retention {
    fn default() -> Self {
        Self { keep_deleted_seconds: 30 * 86_400, history_seconds: 30 * 86_400, history_megabytes: 512 }
    }
}

impl Default for ApiSettings {
    fn default() -> Self {
        Self {
            public_url: None,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            stale_after: SignedDuration::from_hours(72),
            program: None,
            retention: Retention::default(),
        }
    }
}

impl ApiSettings {
    /// Whether browsers reach the server over TLS.
    pub(crate) fn is_tls(&self) -> bool {
        self.public_url.as_deref().is_some_and(|url| url.starts_with("https://"))
    }
}
