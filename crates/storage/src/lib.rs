//! The only crate with SQL: the tenant's store on SQLite or PostgreSQL, and the sync client's state on SQLite.
//!
//! **Invariant:** SQL, and the types of a database driver, do not leave this crate.

pub mod postgres;
mod sql;
pub mod sqlite;
mod tenant;

pub use postgres::{PostgresError, PostgresTenantStore, PostgresTenants};
pub use sqlite::SqliteError;
pub use sqlite::state::SqliteStateStore;
pub use sqlite::tenant::SqliteTenantStore;
pub use sqlite::tenants::{SqliteTenants, TenantFile, TenantsOptions};
pub use tenant::SqlTenantStore;
