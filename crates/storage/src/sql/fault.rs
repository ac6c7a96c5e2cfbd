//! Why a job on a database did not answer, whichever database it is.

use crate::sqlite::SqliteError;
use lockstep_tenant::StoreError;

pub(crate) type Result<T> = std::result::Result<T, Fault>;

/// Why a job did not answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    /// SQLite refused or failed.
    #[error("a statement failed")]
    Sqlite(#[source] rusqlite::Error),
    /// PostgreSQL refused or failed.
    #[error("a statement failed")]
    Postgres(#[source] tokio_postgres::Error),
    /// PostgreSQL cannot be reached, or the connection to it broke.
    #[error("PostgreSQL cannot be reached")]
    Lost(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A value read back has no meaning.
    #[error("{what} cannot be read back")]
    Corrupt {
        /// What.
        what: String,
    },
    /// A page token that this store did not make.
    #[error("the page token is not valid")]
    BadPageToken,
    /// The question cannot be answered.
    #[error("unsupported: {what}")]
    Unsupported {
        /// What of it.
        what: String,
    },
    /// The lease of the write is not in force.
    #[error("fenced: {why}")]
    Fenced {
        /// Why, for people.
        why: String,
    },
    /// A domain is verified in another tenant.
    #[error("domain '{domain}' is verified in another tenant")]
    DomainElsewhere {
        /// The domain.
        domain: String,
    },
    /// There is no room for it.
    #[error("no space left on the disk of {path}")]
    DiskFull {
        /// Whose disk.
        path: String,
    },
    /// Another job of the same transaction failed it.
    #[error("the transaction failed: {why}")]
    Shared {
        /// Why.
        why: String,
    },
    /// It was done to see what would come of it, and is taken back.
    #[error("it was only looked at")]
    Undone,
    /// The database is closed.
    #[error("the database is closed")]
    Closed,
}

impl Fault {
    /// What a row that cannot be read back is called in an error.
    pub(crate) fn corrupt(what: impl Into<String>) -> Self {
        Self::Corrupt { what: what.into() }
    }

    /// As a store's caller is told it; `action` says what was tried.
    pub(crate) fn told(self, action: &'static str) -> StoreError {
        match self {
            Self::Sqlite(source) => StoreError::Database { action, source: Box::new(source) },
            Self::Postgres(source) => StoreError::Database { action, source: Box::new(source) },
            Self::Lost(source) => StoreError::Unavailable { action, source },
            Self::Corrupt { what } => StoreError::Corrupt { what },
            Self::BadPageToken => StoreError::BadPageToken,
            Self::Unsupported { what } => StoreError::Unsupported { what },
            Self::Fenced { why } => StoreError::Fenced { why },
            Self::DomainElsewhere { domain } => StoreError::DomainElsewhere { domain },
            Self::DiskFull { path } => StoreError::DiskFull { path },
            Self::Shared { why } => StoreError::Database { action, source: why.into() },
            Self::Undone => StoreError::Corrupt { what: "what was only looked at".into() },
            Self::Closed => StoreError::Closed,
        }
    }
}

impl From<rusqlite::Error> for Fault {
    fn from(source: rusqlite::Error) -> Self {
        Self::Sqlite(source)
    }
}

/// The writer thread and the readers of SQLite know their own errors: a job's is carried through them.
impl From<Fault> for SqliteError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Sqlite(source) => Self::from(source),
            other => Self::Job(Box::new(other)),
        }
    }
}
