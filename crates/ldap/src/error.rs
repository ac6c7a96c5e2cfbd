//! What can go wrong between client and server, with the cause and the next step.

use crate::ber::DecodeError;
use crate::filter::FilterError;
use std::fmt;
use std::time::Duration;

/// An LDAP result code (RFC 4511 appendix A, RFC 4533 section 2.8).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ResultCode(pub u32);

impl ResultCode {
    /// success
    pub const SUCCESS: Self = Self(0);
    /// timeLimitExceeded
    pub const TIME_LIMIT: Self = Self(3);
    /// sizeLimitExceeded
    pub const SIZE_LIMIT: Self = Self(4);
    /// referral
    pub const REFERRAL: Self = Self(10);
    /// adminLimitExceeded
    pub const ADMIN_LIMIT: Self = Self(11);
    /// unavailableCriticalExtension
    pub const UNAVAILABLE_CRITICAL_EXTENSION: Self = Self(12);
    /// noSuchObject
    pub const NO_SUCH_OBJECT: Self = Self(32);
    /// invalidCredentials
    pub const INVALID_CREDENTIALS: Self = Self(49);
    /// insufficientAccessRights
    pub const INSUFFICIENT_ACCESS: Self = Self(50);
    /// e-syncRefreshRequired
    pub const SYNC_REFRESH_REQUIRED: Self = Self(4096);

    /// The name that RFC 4511 gives the code.
    pub fn name(self) -> &'static str {
        match self.0 {
            0 => "success",
            1 => "operationsError",
            2 => "protocolError",
            3 => "timeLimitExceeded",
            4 => "sizeLimitExceeded",
            5 => "compareFalse",
            6 => "compareTrue",
            7 => "authMethodNotSupported",
            8 => "strongerAuthRequired",
            10 => "referral",
            11 => "adminLimitExceeded",
            12 => "unavailableCriticalExtension",
            13 => "confidentialityRequired",
            14 => "saslBindInProgress",
            16 => "noSuchAttribute",
            17 => "undefinedAttributeType",
            18 => "inappropriateMatching",
            19 => "constraintViolation",
            20 => "attributeOrValueExists",
            21 => "invalidAttributeSyntax",
            32 => "noSuchObject",
            33 => "aliasProblem",
            34 => "invalidDNSyntax",
            36 => "aliasDereferencingProblem",
            48 => "inappropriateAuthentication",
            49 => "invalidCredentials",
            50 => "insufficientAccessRights",
            51 => "busy",
            52 => "unavailable",
            53 => "unwillingToPerform",
            54 => "loopDetect",
            64 => "namingViolation",
            65 => "objectClassViolation",
            80 => "other",
            118 => "canceled",
            4096 => "syncRefreshRequired",
            _ => "unknown result",
        }
    }

    /// The next step, in one clause.
    pub fn advice(self) -> &'static str {
        match self.0 {
            3 => "raise the account's time limit on the server (OpenLDAP: `limits ... time=unlimited`)",
            4 => "raise the account's size limit on the server (OpenLDAP: `limits ... size=unlimited`)",
            7 | 48 => "choose a sign-in method that the server offers (see its supportedSASLMechanisms)",
            8 | 13 => "use `ldaps://` or StartTLS: the server wants an encrypted connection",
            10 => "use the server that holds the data; referrals are not followed",
            11 => "raise the server's administrative limit for this account",
            12 => "load the feature on the server (content synchronization: overlay `syncprov`)",
            17 => "check the attribute names; the server's schema does not have one of them",
            32 => "check the search base; or the account may not see it",
            34 => "correct the distinguished name in the configuration",
            49 => "check the bind DN and its password",
            50 => "give the account the right to read",
            51 | 52 => "try again later; the server is busy or shutting down",
            53 => "see the server's log; it refuses the request by its configuration",
            4096 => "read everything again; the server cannot go on from the cookie",
            _ => "see the server's log",
        }
    }
}

impl fmt::Display for ResultCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.name(), self.0)
    }
}

/// LDAPResult (RFC 4511 section 4.1.9).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerResult {
    /// The code.
    pub code: ResultCode,
    /// The deepest entry the server found on the way to the one asked for.
    pub matched_dn: String,
    /// What the server says about it.
    pub diagnostic: String,
    /// Servers to ask instead, for [`ResultCode::REFERRAL`].
    pub referral: Vec<String>,
}

impl fmt::Display for ServerResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.code)?;
        if !self.diagnostic.is_empty() {
            write!(f, " \"{}\"", self.diagnostic.escape_debug())?;
        }
        if !self.matched_dn.is_empty() {
            write!(f, ", found only '{}'", self.matched_dn.escape_debug())?;
        }
        if !self.referral.is_empty() {
            write!(f, ", refers to {}", self.referral.join(", "))?;
        }
        Ok(())
    }
}

/// Why an LDAP operation failed. `at` is the server's URL.
#[derive(Debug, thiserror::Error)]
pub enum LdapError {
    /// The URL is not one of a directory.
    #[error("'{url}' is no directory URL ({problem}); write ldap://host[:port] or ldaps://host[:port]")]
    Url {
        /// What was given.
        url: String,
        /// What is wrong.
        problem: &'static str,
    },
    /// The host name has no address.
    #[error("cannot resolve the host name of {at}; check the name and this machine's DNS")]
    Resolve {
        /// The server.
        at: String,
        /// What the resolver said.
        #[source]
        cause: std::io::Error,
    },
    /// No TCP connection.
    #[error("cannot connect to {at}; check that the server runs and no firewall is in between")]
    Connect {
        /// The server.
        at: String,
        /// What the system said.
        #[source]
        cause: std::io::Error,
    },
    /// The TLS handshake failed.
    #[error("TLS with {at} failed; check the server's certificate, its name in it, and the CA file")]
    Tls {
        /// The server.
        at: String,
        /// What TLS said.
        #[source]
        cause: std::io::Error,
    },
    /// Certificates or keys of the configuration are not usable.
    #[error("the TLS settings cannot be used: {problem}")]
    TlsSettings {
        /// What is wrong.
        problem: String,
    },
    /// A password would cross the network in the clear.
    #[error(
        "refusing to send a password to {at} without encryption; use `ldaps://` or StartTLS, or accept the risk \
         with `allow_plaintext_bind = true`"
    )]
    PlaintextBind {
        /// The server.
        at: String,
    },
    /// A simple bind without a password would be anonymous (RFC 4513 section 5.1.2).
    #[error("the password of '{dn}' is empty; servers take such a sign-in as anonymous")]
    EmptyPassword {
        /// Who should sign in.
        dn: String,
    },
    /// The connection broke.
    #[error("the connection to {at} broke")]
    Io {
        /// The server.
        at: String,
        /// What the system said.
        #[source]
        cause: std::io::Error,
    },
    /// The server closed the connection in the middle.
    #[error("{at} closed the connection before the answer was complete")]
    Closed {
        /// The server.
        at: String,
    },
    /// The server said that it closes the connection (RFC 4511 section 4.4.1).
    #[error("{at} closed the connection: {result}")]
    Disconnected {
        /// The server.
        at: String,
        /// Why.
        result: ServerResult,
    },
    /// No answer in time.
    #[error(
        "{at} did not answer within {after:?} while {doing}; check that it is not overloaded, or raise the time-out"
    )]
    TimedOut {
        /// The server.
        at: String,
        /// What was going on.
        doing: &'static str,
        /// How long was waited.
        after: Duration,
    },
    /// The answer is no LDAP.
    #[error("{at} sent what is not LDAP; check that the port is that of a directory (636 needs `ldaps://`)")]
    Decode {
        /// The server.
        at: String,
        /// What is wrong with it.
        #[source]
        cause: DecodeError,
    },
    /// The answer is LDAP, and not to what was asked.
    #[error("{at} sent an unexpected message ({what}) while {doing}")]
    Unexpected {
        /// The server.
        at: String,
        /// What came.
        what: &'static str,
        /// What was going on.
        doing: &'static str,
    },
    /// The server refused, or did only a part.
    #[error("{at}: {doing} ended with {result}; {}", result.code.advice())]
    Result {
        /// The server.
        at: String,
        /// What was asked.
        doing: &'static str,
        /// What the server said.
        result: ServerResult,
    },
    /// Part of the answer lies on other servers.
    #[error("{at}: part of the tree lies at {}; referrals are not followed", to.join(", "))]
    Reference {
        /// The server.
        at: String,
        /// URLs of those that hold it.
        to: Vec<String>,
    },
    /// A filter cannot be read.
    #[error("the filter is not as RFC 4515 has it")]
    Filter(#[from] FilterError),
    /// The connection failed before and can do no more.
    #[error("the connection to {at} is broken; make a new one")]
    Broken {
        /// The server.
        at: String,
    },
}

impl LdapError {
    /// The result code, where the server sent one.
    pub fn code(&self) -> Option<ResultCode> {
        match self {
            Self::Result { result, .. } => Some(result.code),
            _ => None,
        }
    }
}
