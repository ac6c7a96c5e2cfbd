//! LDAPv3 client (RFC 4511): connection and TLS, streaming search with back-pressure, paged results,
//! content synchronization (RFC 4533), filters (RFC 4515) and LDIF (RFC 2849).
//!
//! **Invariant:** a search either delivers everything the server holds of it, or ends with an error: size and
//! time limits, referrals, broken connections and silent servers are never an ordinary end.
//!
//! **Invariant:** no decoder recurses over what a server sends, and none keeps more than
//! [`ConnectOptions::max_message_bytes`] of it.

pub mod ber;
mod connection;
mod error;
pub mod filter;
pub mod ldif;
pub mod message;
mod options;
mod request;
mod rootdse;
mod search;
pub mod sync;
mod tls;
mod wire;

pub use connection::Connection;
pub use error::{LdapError, ResultCode, ServerResult};
pub use filter::Filter;
pub use message::SearchEntry;
pub use options::{ClientIdentity, ConnectOptions, Credentials, Endpoint, Security, Timeouts};
pub use request::{Scope, SearchRequest};
pub use rootdse::RootDse;
pub use search::{Search, SyncSearch};
