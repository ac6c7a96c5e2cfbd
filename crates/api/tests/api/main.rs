//! The server's HTTP over a real SQLite store: through the router, and over real connections.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]
#![allow(missing_docs, reason = "tests")]

mod access;
mod batch;
mod client;
mod common;
mod delta;
mod domains;
mod enroll;
mod fixes;
mod graph;
mod history;
mod hostile;
mod lease;
mod live;
mod objects;
mod openapi;
mod others;
mod own;
mod people;
mod photos;
mod provisioning;
mod scale;
mod scim;
mod scim_more;
mod scim_sort;
mod tenants;
