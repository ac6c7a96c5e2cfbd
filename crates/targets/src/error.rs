//! Why a target did not answer. Each text names the target, the cause and the next step.

use std::time::Duration;

/// The cause below an error.
pub(crate) type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Why a target did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum TargetError {
    /// The settings cannot be used.
    #[error("target: {what}; {remedy}")]
    Settings {
        /// What is wrong.
        what: String,
        /// What to do.
        remedy: &'static str,
    },
    /// A file of certificates cannot be read.
    #[error(
        "target: the certificates in {path} cannot be read; set `ca_file` to a PEM file that this account can read"
    )]
    CaFile {
        /// The file.
        path: String,
        /// Why.
        #[source]
        source: Cause,
    },
    /// No connection.
    #[error(
        "{endpoint} cannot be reached; check that the server runs, its address and the firewall (`lockstep doctor`)"
    )]
    Unreachable {
        /// The target.
        endpoint: String,
        /// Why.
        #[source]
        source: Cause,
    },
    /// The certificate of the target is not trusted.
    #[error(
        "{endpoint} shows a certificate that is not trusted; set `ca_file` to the authority that signed it, or use the name that is in the certificate"
    )]
    Untrusted {
        /// The target.
        endpoint: String,
        /// Why.
        #[source]
        source: Cause,
    },
    /// The answer did not come in time.
    #[error(
        "{endpoint} did not answer in time ({action}); it is tried again, see the server's log if it stays so"
    )]
    TimedOut {
        /// The target.
        endpoint: String,
        /// What was asked.
        action: &'static str,
    },
    /// The connection broke while an answer was read.
    #[error("the connection to {endpoint} broke ({action}); it is tried again")]
    Broken {
        /// The target.
        endpoint: String,
        /// What was asked.
        action: &'static str,
        /// Why.
        #[source]
        source: Cause,
    },
    /// The token is unknown or has ended.
    #[error(
        "{endpoint} does not know this client's token, or it has ended; make one with `lockstep token create --role sync-client` on the server and put it into the client's configuration"
    )]
    Unauthorized {
        /// The target.
        endpoint: String,
    },
    /// The token may not do this.
    #[error(
        "{endpoint} refuses {action} with this client's token; use one that was made with `lockstep token create --role sync-client`"
    )]
    Forbidden {
        /// The target.
        endpoint: String,
        /// What was asked.
        action: &'static str,
    },
    /// An administrator turned directory synchronization off in the tenant.
    #[error(
        "directory synchronization is turned off in {endpoint}; turn it on there (Directory synchronization page, or PATCH /v1.0/organization), the next cycle goes on"
    )]
    SyncDisabled {
        /// The target.
        endpoint: String,
    },
    /// Another sync client of the same source holds the lease by now.
    #[error(
        "{endpoint} refused {action}: {message}; this client follows in staging until it holds the lease again"
    )]
    Fenced {
        /// The target.
        endpoint: String,
        /// What was asked.
        action: &'static str,
        /// Its words, without the last full stop.
        message: String,
    },
    /// Too many requests.
    #[error("{endpoint} asks to wait {} s before the next request; it is tried again then", retry_after.as_secs())]
    Throttled {
        /// The target.
        endpoint: String,
        /// How long to wait.
        retry_after: Duration,
    },
    /// The target is there and cannot work now.
    #[error("{endpoint} cannot work now (HTTP {status}: {message}); it is tried again, see the server's log")]
    Unavailable {
        /// The target.
        endpoint: String,
        /// HTTP status.
        status: u16,
        /// Its words.
        message: String,
    },
    /// The target refused the request as a whole.
    #[error(
        "{endpoint} refused {action} (HTTP {status}: {message}); client and server may be of different versions, update the older"
    )]
    Refused {
        /// The target.
        endpoint: String,
        /// What was asked.
        action: &'static str,
        /// HTTP status.
        status: u16,
        /// Its words.
        message: String,
    },
    /// The answer is not what the protocol says.
    #[error(
        "{endpoint} answered {action} with what is not understood: {what}; check that the address is a Lockstep server's and not a proxy's page"
    )]
    Protocol {
        /// The target.
        endpoint: String,
        /// What was asked.
        action: &'static str,
        /// What was seen.
        what: String,
    },
}

impl TargetError {
    /// Whether the same request may succeed later without anyone doing anything.
    pub const fn is_retryable(&self) -> bool {
        match self {
            Self::Unreachable { .. }
            | Self::TimedOut { .. }
            | Self::Broken { .. }
            | Self::Throttled { .. }
            | Self::Unavailable { .. } => true,
            Self::Settings { .. }
            | Self::CaFile { .. }
            | Self::Untrusted { .. }
            | Self::Unauthorized { .. }
            | Self::Forbidden { .. }
            | Self::SyncDisabled { .. }
            | Self::Fenced { .. }
            | Self::Refused { .. }
            | Self::Protocol { .. } => false,
        }
    }

    /// How long the target asks to wait.
    pub const fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Throttled { retry_after, .. } => Some(*retry_after),
            _ => None,
        }
    }
}
