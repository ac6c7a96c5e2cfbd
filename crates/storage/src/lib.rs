//! The only crate with SQL: the tenant's store and the sync client's state, on SQLite.
//!
//! **Invariant:** SQL, and the types of a database driver, do not leave this crate.

pub mod sqlite;

pub use sqlite::SqliteError;
pub use sqlite::state::SqliteStateStore;
pub use sqlite::tenant::SqliteTenantStore;
