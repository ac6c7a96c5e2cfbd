//! The contract of a tenant's store, run against a PostgreSQL of its own; and what only a server can show: a restart,
//! several processes.
//!
//! Each test is a process and has a server of its own, which takes a second to make: the cases of the contract share one,
//! each with a database of its own.

// Clippy's leave for tests does not reach the functions that tests share.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr
)]

#[macro_use]
mod contract;

use contract::changes::{followed, step};
use contract::properties::{any_changes, any_order, change, idempotent};
use contract::*;
use futures_util::future::BoxFuture;
use lockstep_storage::PostgresTenantStore;
use lockstep_storage::postgres::Options;
use lockstep_tests::Postgres;
use proptest::prelude::*;
use proptest::test_runner::{TestCaseError, TestRunner};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// A server with a database that holds the tests' tenant and nothing else, to be copied.
struct Server {
    postgres: Postgres,
    made: AtomicU32,
}

impl Server {
    async fn start() -> Self {
        let postgres = Postgres::start(false).unwrap();
        let url = postgres.database("template", None).unwrap();
        connect(&url).await.set_up(setup(), at(0)).await.unwrap();
        let server = Self { postgres, made: AtomicU32::new(0) };
        server.nobody_is_connected("template").await;
        server
    }

    /// A copy cannot be made while somebody is connected, and a pool ends its connections in its own time.
    async fn nobody_is_connected(&self, name: &str) {
        let sql = format!("SELECT count(*) FROM pg_stat_activity WHERE datname = '{name}'");
        lockstep_tests::wait_until("connections to end", Duration::from_secs(20), async || {
            (self.postgres.sql("postgres", &sql).unwrap() == "0").then_some(())
        })
        .await
        .unwrap();
    }

    fn database(&self) -> String {
        let name = format!("t{}", self.made.fetch_add(1, Ordering::Relaxed));
        self.postgres.database(&name, Some("template")).unwrap()
    }

    async fn fresh(&self) -> PostgresTenantStore {
        connect(&self.database()).await
    }
}

async fn connect(url: &str) -> PostgresTenantStore {
    let options = Options { connections: 3, ..Options::default() };
    PostgresTenantStore::connect(url, None, &options).await.unwrap()
}

type Case = (&'static str, fn(PostgresTenantStore) -> BoxFuture<'static, ()>);

macro_rules! cases {
    ($($module:ident: $($name:ident),* $(,)?);* $(;)?) => {
        const CASES: &[Case] = &[
            $($((concat!(stringify!($module), "::", stringify!($name)), |store| {
                Box::pin(contract::$module::$name(store))
            }),)*)*
        ];
    };
}

every_case!(cases);

/// Every case of the contract; those that fail are named. `CASE=lists::` runs some.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_contract() {
    let server = Server::start().await;
    let only = std::env::var("CASE").unwrap_or_default();
    let mut failed = Vec::new();
    for (name, case) in CASES.iter().filter(|(name, _)| name.contains(&only)) {
        let store = server.fresh().await;
        if let Err(error) = tokio::spawn(case(store)).await {
            eprintln!("{name}: {error}");
            failed.push(*name);
        }
    }
    assert!(failed.is_empty(), "{} of {} failed: {failed:#?}", failed.len(), CASES.len());
}

/// Each case makes a database or two: few by default, more where `PROPTEST_CASES` asks for them.
fn runner() -> TestRunner {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(12);
    TestRunner::new(ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() })
}

/// Runs a property: a panic of the future is a failure of the case.
fn holds(future: impl Future<Output = ()>) -> Result<(), TestCaseError> {
    tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(future));
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn properties_hold() {
    let server = Server::start().await;
    let batches = proptest::collection::vec(proptest::collection::vec(change(), 1..6), 1..8);
    runner()
        .run(&batches, |batches| holds(async { any_changes(server.fresh().await, batches).await }))
        .unwrap();
    let steps =
        proptest::collection::vec((proptest::collection::vec(change(), 0..5), step(), any::<bool>()), 1..10);
    runner()
        .run(&(steps, 1_usize..5), |(steps, top)| {
            holds(async { followed(server.fresh().await, steps, top).await })
        })
        .unwrap();
    let changes = proptest::collection::vec(change(), 1..20);
    runner()
        .run(&changes, |changes| holds(async { idempotent(server.fresh().await, changes).await }))
        .unwrap();
    let shuffled = proptest::collection::vec(any::<usize>(), 20);
    runner()
        .run(&(changes, shuffled), |(changes, shuffled)| {
            holds(async { any_order(server.fresh().await, server.fresh().await, changes, shuffled).await })
        })
        .unwrap();
}
