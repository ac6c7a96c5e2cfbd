//! LDIF (RFC 2849): content records in and out, change records out, streaming.

mod read;
mod write;

pub use read::{LdifError, LdifLimits, LdifProblem, LdifReader};
pub use write::{LdifWriter, Modification};
