//! How to reach a server and as whom: what a caller sets before connecting.

use crate::error::LdapError;
use secrecy::SecretString;
use std::fmt;
use std::time::Duration;

/// Protection of the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Security {
    /// None.
    Plain,
    /// StartTLS on the plain port, before anything else is sent.
    StartTls,
    /// TLS from the first octet (`ldaps://`).
    Tls,
}

/// A server's address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// Host name or IP address; IPv6 without brackets.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// Protection of the connection.
    pub security: Security,
}

impl Endpoint {
    /// Reads `ldap://host[:port]` (389) or `ldaps://host[:port]` (636). `start_tls` asks for StartTLS on the
    /// first form.
    ///
    /// # Errors
    /// [`LdapError::Url`] for any other text, a base or filter in the URL, or `start_tls` with `ldaps`.
    pub fn parse(url: &str, start_tls: bool) -> Result<Self, LdapError> {
        let fail = |problem| LdapError::Url { url: url.to_owned(), problem };
        let (scheme, rest) = url.split_once("://").ok_or_else(|| fail("the scheme is missing"))?;
        let (security, default_port) = match (scheme.to_ascii_lowercase().as_str(), start_tls) {
            ("ldap", false) => (Security::Plain, 389),
            ("ldap", true) => (Security::StartTls, 389),
            ("ldaps", false) => (Security::Tls, 636),
            ("ldaps", true) => return Err(fail("StartTLS is for ldap:// only")),
            _ => return Err(fail("the scheme is neither ldap nor ldaps")),
        };
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        if rest.contains(['/', '?', '@', ' ']) {
            return Err(fail("base, filter and user are set elsewhere"));
        }
        let (host, port) = match rest.strip_prefix('[') {
            Some(rest) => {
                let (host, port) = rest.split_once(']').ok_or_else(|| fail("the bracket is not closed"))?;
                (host, port.strip_prefix(':').or(if port.is_empty() { None } else { Some("x") }))
            }
            None => match rest.rsplit_once(':') {
                Some((host, port)) => (host, Some(port)),
                None => (rest, None),
            },
        };
        if host.is_empty() {
            return Err(fail("the host is missing"));
        }
        let port = match port {
            None => default_port,
            Some(port) => {
                port.parse().ok().filter(|p| *p > 0).ok_or_else(|| fail("the port is no number"))?
            }
        };
        Ok(Self { host: host.to_owned(), port, security })
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.security == Security::Tls { "ldaps" } else { "ldap" };
        if self.host.contains(':') {
            write!(f, "{scheme}://[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{scheme}://{}:{}", self.host, self.port)
        }
    }
}

/// As whom to sign in.
#[derive(Clone, Debug)]
pub enum Credentials {
    /// Nobody.
    Anonymous,
    /// Simple bind (RFC 4513 section 5.1).
    Simple {
        /// The account's DN.
        dn: String,
        /// Its password.
        password: SecretString,
    },
    /// SASL EXTERNAL: the account of the client certificate (RFC 4422 appendix A).
    External {
        /// Another identity to act as; none for the certificate's own.
        authorization_id: Option<String>,
    },
}

/// A certificate with its key, both PEM, for [`Credentials::External`].
#[derive(Clone, Debug)]
pub struct ClientIdentity {
    /// The certificate, then those that signed it.
    pub certificates_pem: Vec<u8>,
    /// The private key.
    pub key_pem: SecretString,
}

/// How long to wait for what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// Resolving, TCP and TLS together.
    pub connect: Duration,
    /// The answer to one request other than a search, and taking in what the client sends.
    pub operation: Duration,
    /// The next message of a search.
    pub idle: Duration,
    /// In the persist stage: silence after which the server is asked whether it is there.
    pub probe_after: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            operation: Duration::from_secs(30),
            idle: Duration::from_secs(120),
            probe_after: Duration::from_secs(60),
        }
    }
}

/// How to reach a server.
#[derive(Clone, Debug)]
pub struct ConnectOptions {
    /// The server.
    pub endpoint: Endpoint,
    /// Certificates of the authorities to trust, PEM; none for those of the system.
    pub ca_pem: Option<Vec<u8>>,
    /// The client's own certificate.
    pub client_identity: Option<ClientIdentity>,
    /// Whether a password may cross the network unencrypted. To this machine itself it always may.
    pub allow_plaintext_bind: bool,
    /// How long to wait.
    pub timeouts: Timeouts,
    /// The largest message to take, in bytes. A group of 500,000 members is about 40 MiB.
    pub max_message_bytes: usize,
}

impl ConnectOptions {
    /// [`ConnectOptions::max_message_bytes`] unless set.
    pub const DEFAULT_MAX_MESSAGE_BYTES: usize = 64 * 1024 * 1024;

    /// The defaults for a server.
    pub fn new(endpoint: Endpoint) -> Self {
        Self {
            endpoint,
            ca_pem: None,
            client_identity: None,
            allow_plaintext_bind: false,
            timeouts: Timeouts::default(),
            max_message_bytes: Self::DEFAULT_MAX_MESSAGE_BYTES,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_name_servers() {
        let check =
            |url: &str, expect: &str| assert_eq!(Endpoint::parse(url, false).unwrap().to_string(), expect);
        check("ldap://dc1", "ldap://dc1:389");
        check("LDAP://dc1/", "ldap://dc1:389");
        check("ldaps://dc1.contoso.com", "ldaps://dc1.contoso.com:636");
        check("ldap://127.0.0.1:3890", "ldap://127.0.0.1:3890");
        check("ldap://[::1]:3890", "ldap://[::1]:3890");
        check("ldap://[::1]", "ldap://[::1]:389");
        assert_eq!(Endpoint::parse("ldap://a", true).unwrap().security, Security::StartTls);
        for url in [
            "",
            "dc1",
            "http://dc1",
            "ldap://",
            "ldap://a:x",
            "ldap://a:0",
            "ldap://a/dc=x",
            "ldap://[::1",
            "ldap://u@a",
        ] {
            assert!(matches!(Endpoint::parse(url, false), Err(LdapError::Url { .. })), "{url}");
        }
        assert!(Endpoint::parse("ldaps://a", true).is_err());
    }

    #[test]
    fn secrets_are_not_shown() {
        let credentials =
            Credentials::Simple { dn: "cn=a".to_owned(), password: "hunter2".to_owned().into() };
        assert!(!format!("{credentials:?}").contains("hunter2"));
    }
}
