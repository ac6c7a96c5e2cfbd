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
use lockstep_storage::postgres::Options;
use lockstep_storage::{PostgresError, PostgresTenantStore, PostgresTenants};
use lockstep_tenant::{ListQuery, StoreError, TenantRegistry};
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

/// Several processes that start at once on an empty database bring it to this version one after another.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_may_open_and_how() {
    let postgres = Postgres::start(false).unwrap();
    let url = postgres.database("empty", None).unwrap();
    let stores = futures_util::future::join_all((0..4).map(|_| connect(&url))).await;
    let ids = futures_util::future::join_all(stores.iter().map(|store| store.set_up(setup(), at(0)))).await;
    let ids: std::collections::BTreeSet<_> = ids.into_iter().map(|tenant| tenant.unwrap().id).collect();
    assert_eq!(ids.len(), 1, "all of them are one tenant");
    assert!(stores[0].server().ends_with("/empty"), "{}", stores[0].server());
    // Who is not bound by row-level security is refused, and told what to do.
    postgres.sql("postgres", "CREATE ROLE mighty SUPERUSER LOGIN PASSWORD 'm'").unwrap();
    let options = Options::default();
    let mighty = url.replace(&format!("{}:{}", Postgres::ROLE, Postgres::PASSWORD), "mighty:m");
    let refused = PostgresTenantStore::connect(&mighty, None, &options).await.unwrap_err().to_string();
    assert!(refused.contains("'mighty'") && refused.contains("CREATE ROLE lockstep"), "{refused}");
    assert!(!refused.contains(":m@"), "no password is told: {refused}");
    // The password stands beside the address or in it.
    let without = url.replace(&format!(":{}@", Postgres::PASSWORD), "@");
    PostgresTenantStore::connect(&without, Some(Postgres::PASSWORD), &options).await.unwrap();
    let wrong = PostgresTenantStore::connect(&without, Some("wrong"), &options).await.unwrap_err();
    assert!(matches!(wrong, PostgresError::Connect { .. }), "{wrong:?}");
    let nobody =
        PostgresTenantStore::connect("postgresql://127.0.0.1:1/x?sslmode=disable", None, &options).await;
    assert!(nobody.unwrap_err().to_string().contains("127.0.0.1:1/x"));
    assert!(matches!(
        PostgresTenantStore::connect("mysql://x", None, &options).await.unwrap_err(),
        PostgresError::Url(_)
    ));
}

/// A row of one tenant is there for no other, and a transaction without a tenant sees and writes nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_are_their_tenants() {
    let server = Server::start().await;
    let url = server.database();
    let store = connect(&url).await;
    send(&store, &[Sent::user("ann").post(), Sent::group("g").post()], at(1)).await;
    let tables = "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace \
                  AND relname NOT LIKE 'refinery%' AND relname NOT IN ('registry', 'verified_domain') ORDER BY 1";
    let tables = server.postgres.sql("t0", tables).unwrap();
    assert!(tables.lines().count() > 20, "{tables}");
    for table in tables.lines() {
        // As the role that owns the tables.
        let ask = |tenant: &str| {
            let sql = format!("SET ROLE {}; {tenant} SELECT count(*) FROM {table}", Postgres::ROLE);
            server.postgres.sql("t0", &sql)
        };
        assert_eq!(ask("SET lockstep.tenant = '2';").unwrap(), "0", "{table} shows another tenant's rows");
        let without = ask("").unwrap_err().to_string();
        assert!(without.contains("lockstep.tenant"), "{table}: {without}");
    }
    assert_eq!(
        server
            .postgres
            .sql("t0", "SET ROLE lockstep; SET lockstep.tenant = '1'; SELECT count(*) FROM object")
            .unwrap(),
        "2"
    );
    let foreign = "SET ROLE lockstep; SET lockstep.tenant = '2'; \
                   INSERT INTO word (tenant_id, word, oid) VALUES (1, 'x', 1)";
    let refused = server.postgres.sql("t0", foreign).unwrap_err().to_string();
    assert!(refused.contains("row-level security"), "{refused}");
}

async fn tenants(url: &str) -> PostgresTenants {
    let options = Options { connections: 8, ..Options::default() };
    PostgresTenants::connect(url, None, &options).await.unwrap()
}

/// Two tenants of one database with the very same data, by the whole contract at the same time: neither sees the other's.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_contract_for_two_in_one_database() {
    let server = Server::start().await;
    let url = server.database();
    {
        let tenants = tenants(&url).await;
        tenants.set_up_first(setup(), at(0)).await.unwrap();
        // The registry keeps two tenants from having the same domain. Here they have: all else is apart by itself.
        let both = "ALTER TABLE verified_domain DROP CONSTRAINT verified_domain_pkey; \
                    ALTER TABLE verified_domain ADD PRIMARY KEY (tenant_id, name)";
        server.postgres.sql("t0", both).unwrap();
        tenants.create(setup(), at(0)).await.unwrap();
    }
    server.nobody_is_connected("t0").await;
    let only = std::env::var("CASE").unwrap_or_default();
    let mut failed = Vec::new();
    for (number, (name, case)) in CASES.iter().filter(|(name, _)| name.contains(&only)).enumerate() {
        let url = server.postgres.database(&format!("pair{number}"), Some("t0")).unwrap();
        let tenants = tenants(&url).await;
        let list = tenants.list().await.unwrap();
        assert_eq!(list.len(), 2);
        let mut running = Vec::new();
        for entry in list {
            running.push(tokio::spawn(case(tenants.tenant(entry.id).await.unwrap().unwrap())));
        }
        for (tenant, ended) in futures_util::future::join_all(running).await.into_iter().enumerate() {
            if let Err(error) = ended {
                eprintln!("{name}, tenant {}: {error}", tenant + 1);
                failed.push(*name);
            }
        }
    }
    assert!(failed.is_empty(), "{} of {} failed: {failed:#?}", failed.len(), CASES.len());
}

/// Any changes of two tenants at once: each is as if it were alone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn any_changes_of_two_tenants() {
    let server = Server::start().await;
    let batches = || proptest::collection::vec(proptest::collection::vec(change(), 1..6), 1..6);
    let two = |one: Vec<Vec<_>>, other: Vec<Vec<_>>| {
        holds(async {
            let tenants = tenants(&server.database()).await;
            let id = tenants.create(contract::tenants::second("Two", "two.example"), at(0)).await.unwrap().id;
            let first = tenants.list().await.unwrap()[0].id;
            let (first, second) = (tenants.tenant(first).await.unwrap(), tenants.tenant(id).await.unwrap());
            tokio::join!(any_changes(first.unwrap(), one), any_changes(second.unwrap(), other));
        })
    };
    runner().run(&(batches(), batches()), |(one, other)| two(one, other)).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tenants_of_a_database() {
    let server = Server::start().await;
    let mut databases = 0;
    let mut fresh = async || {
        databases += 1;
        let url = server.postgres.database(&format!("r{databases}"), None).unwrap();
        tenants(&url).await
    };
    contract::tenants::they_come_and_go(&fresh().await).await;
    contract::tenants::a_domain_is_one_tenants(&fresh().await).await;
    contract::tenants::a_race_for_a_domain(&fresh().await).await;
    contract::tenants::nothing_is_seen_across(&fresh().await).await;
    // Nothing is left of the tenant that was deleted, in any table: of the registry its number, which is given to no other.
    let sql = "SELECT string_agg(format('SELECT %L, count(*) FROM %I WHERE tenant_id = 2', tablename, tablename), \
               ' UNION ALL ') FROM pg_policies WHERE policyname IN ('of_this_tenant', 'all_look')";
    let counts = server.postgres.sql("r1", &server.postgres.sql("r1", sql).unwrap()).unwrap();
    assert!(counts.lines().count() > 20, "{counts}");
    let left: Vec<_> = counts.lines().filter(|line| !line.ends_with("|0")).collect();
    assert_eq!(left, ["registry|1"]);
    assert_eq!(server.postgres.sql("r1", "SELECT going FROM registry WHERE tenant_id = 2").unwrap(), "2");
}

/// Who holds a tenant that another process deletes, and goes on writing, is refused from then on: no row of it is left.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_written_to_what_is_deleted() {
    let server = Server::start().await;
    let url = server.database();
    let (here, there) = (tenants(&url).await, tenants(&url).await);
    let id = here.create(contract::tenants::second("Two", "two.example"), at(0)).await.unwrap().id;
    let store = here.tenant(id).await.unwrap().unwrap();
    send(&store, &[Sent::user("ann").post()], at(1)).await;
    let writing = tokio::spawn({
        let store = store.clone();
        async move {
            for number in 0_i64.. {
                let sent = vec![Sent::user(&format!("p{number}")).post()];
                let client = lockstep_model::ClientId(uuid::Uuid::nil());
                if let Err(error) = store.provision(client.into(), None, sent, at(2)).await {
                    return (number, error);
                }
            }
            unreachable!()
        }
    });
    let some = "SELECT count(*) FROM object WHERE tenant_id = 2";
    let count = || server.postgres.sql("t0", some).unwrap().parse::<u32>().unwrap();
    lockstep_tests::wait_until("rows", Duration::from_secs(20), async || (count() > 3).then_some(()))
        .await
        .unwrap();
    assert!(there.delete(id).await.unwrap());
    let (number, error) = tokio::time::timeout(Duration::from_secs(20), writing).await.unwrap().unwrap();
    assert!(number > 0 && matches!(error, StoreError::Closed), "{number}: {error:?}");
    assert_eq!(count(), 0);
    assert!(matches!(store.set_sync_enabled(true, at(3)).await, Err(StoreError::Closed)));
    // Also a change of domains, which is written where every tenant's are.
    let change = store.change_domain("late.example".into(), lockstep_tenant::DomainChange::Add, at(3)).await;
    assert!(matches!(change, Err(StoreError::Closed)), "{change:?}");
    assert_eq!(here.list().await.unwrap().len(), 1);
    assert!(here.open(id).await.unwrap().is_none());
    assert!(!here.delete(id).await.unwrap());
    // One whose deletion was begun and not ended is not opened, is listed as such, and the deletion is taken up.
    let id = here.create(contract::tenants::second("Three", "three.example"), at(4)).await.unwrap().id;
    server.postgres.sql("t0", &format!("UPDATE registry SET going = 1 WHERE id = '{id}'")).unwrap();
    assert!(here.open(id).await.unwrap().is_none());
    assert!(here.list().await.unwrap()[1].is_going);
    assert!(here.delete(id).await.unwrap());
    assert_eq!(here.list().await.unwrap().len(), 1);
}

/// The registry can be looked into without a tenant, and is written to by a row's own tenant alone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_registry_is_written_by_each_for_itself() {
    let server = Server::start().await;
    let tenants = tenants(&server.database()).await;
    tenants.create(contract::tenants::second("Two", "two.example"), at(0)).await.unwrap();
    let ask = |sql: &str| server.postgres.sql("t0", &format!("SET ROLE {}; {sql}", Postgres::ROLE));
    assert_eq!(ask("SELECT count(*) FROM registry").unwrap(), "2");
    assert_eq!(ask("SELECT tenant_id FROM verified_domain WHERE name = 'two.example'").unwrap(), "2");
    for (sql, says) in [
        ("INSERT INTO verified_domain (name) VALUES ('x.example')", "lockstep.tenant"),
        (
            "SET lockstep.tenant = '2'; INSERT INTO verified_domain (name, tenant_id) VALUES ('x.example', 1)",
            "row-level",
        ),
        (
            "SET lockstep.tenant = '2'; INSERT INTO registry (tenant_id, id, created_at) VALUES (7, gen_random_uuid(), 0)",
            "row-level",
        ),
        (
            "SET lockstep.tenant = '2'; UPDATE verified_domain SET tenant_id = 1 WHERE name = 'two.example'",
            "row-level",
        ),
    ] {
        let refused = ask(sql).unwrap_err().to_string();
        assert!(refused.contains(says), "{sql}: {refused}");
    }
    // What another has is not changed, and not taken.
    for sql in [
        "UPDATE verified_domain SET tenant_id = 2 WHERE name = 'contoso.com'",
        "DELETE FROM verified_domain WHERE name = 'contoso.com'",
        "DELETE FROM registry WHERE tenant_id = 1",
    ] {
        ask(&format!("SET lockstep.tenant = '2'; {sql}")).unwrap();
    }
    assert_eq!(ask("SET lockstep.tenant = '2'; SELECT claim_domain('contoso.com')").unwrap(), "0");
    assert_eq!(ask("SELECT tenant_id FROM verified_domain WHERE name = 'contoso.com'").unwrap(), "1");
    assert_eq!(ask("SELECT count(*) FROM registry").unwrap(), "2");
}

/// However many tenants are open, no more connections are used than were given.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_are_shared() {
    let server = Server::start().await;
    let tenants = tenants(&server.database()).await;
    let mut stores = Vec::new();
    for number in 0..20 {
        let setup = contract::tenants::second(&format!("T{number}"), &format!("t{number}.example"));
        let id = tenants.create(setup, at(0)).await.unwrap().id;
        stores.push(tenants.tenant(id).await.unwrap().unwrap());
    }
    let work = stores.iter().map(|store| async move {
        send(store, &[Sent::user("ann").post()], at(1)).await;
        assert_eq!(store.counts().await.unwrap().users, 1);
    });
    futures_util::future::join_all(work).await;
    // Whoever opens a tenant that is open writes by the same thread.
    let writers = || {
        let tasks = std::fs::read_dir("/proc/self/task").unwrap();
        let names = tasks.filter_map(|task| std::fs::read_to_string(task.unwrap().path().join("comm")).ok());
        names.filter(|name| name.trim() == "pg-write").count()
    };
    let before = writers();
    assert!(before >= 20, "{before}");
    let mut again = Vec::new();
    for entry in tenants.list().await.unwrap().into_iter().filter(|entry| !entry.is_first) {
        again.push(tenants.tenant(entry.id).await.unwrap().unwrap());
    }
    assert_eq!(writers(), before);
    drop(again);
    let sql = "SELECT count(*) FROM pg_stat_activity WHERE datname = 't0' AND usename = 'lockstep'";
    let used: u32 = server.postgres.sql("t0", sql).unwrap().parse().unwrap();
    // One more listens.
    assert!((3..=9).contains(&used), "{used} connections");
    // Each hears of what another process writes to it, and of nothing else.
    let elsewhere = self::tenants(&server.postgres.url("t0")).await;
    let ids: Vec<_> = elsewhere.list().await.unwrap().into_iter().map(|entry| entry.id).collect();
    let (one, two) = (&stores[0], &stores[1]);
    // What it may have missed before it listened.
    for store in [one, two] {
        let _ = tokio::time::timeout(Duration::from_millis(1_500), store.written_elsewhere()).await;
    }
    send(&elsewhere.tenant(ids[1]).await.unwrap().unwrap(), &[Sent::user("bob").post()], at(2)).await;
    tokio::time::timeout(Duration::from_secs(20), one.written_elsewhere()).await.unwrap();
    assert!(tokio::time::timeout(Duration::from_millis(200), two.written_elsewhere()).await.is_err());
}

/// While the server is away all is refused as such; once it is back, all goes on, and what was answered is there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_is_told_and_survived() {
    let mut server = Server::start().await;
    let store = server.fresh().await;
    send(&store, &[Sent::user("ann").post()], at(1)).await;
    server.postgres.stop().unwrap();
    let read = store.counts().await.unwrap_err();
    assert!(matches!(read, StoreError::Unavailable { .. }), "{read:?}");
    let client = lockstep_model::ClientId(uuid::Uuid::nil());
    let write =
        store.provision(client.into(), None, vec![Sent::user("bob").post()], at(2)).await.unwrap_err();
    assert!(matches!(write, StoreError::Unavailable { .. }), "{write:?}");
    server.postgres.run().unwrap();
    assert_eq!(store.counts().await.unwrap().users, 1);
    send(&store, &[Sent::user("bob").post()], at(3)).await;
    // Connections that broke while nobody used them are no error at all.
    server.postgres.crash().unwrap();
    server.postgres.run().unwrap();
    send(&store, &[Sent::user("cem").post()], at(4)).await;
    server.postgres.stop().unwrap();
    server.postgres.run().unwrap();
    assert_eq!(names(&store, ListQuery { top: 10, ..Default::default() }).await, ["ann", "bob", "cem"]);
    check_invariants(&store).await;
}

/// The child of the crash test: loads batch after batch and says on a pipe which were answered.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn crash_child() {
    let Ok(url) = std::env::var("LOCKSTEP_CRASH_URL") else { return };
    let name = std::env::var("LOCKSTEP_CRASH_NAME").unwrap();
    let store = connect(&url).await;
    for batch in 0_i64.. {
        let of = |n: i64| format!("{name}{batch}-{n}");
        let group = format!("{name}g{batch}");
        let mut operations: Vec<_> = (0..20).map(|n| Sent::user(&of(n)).post()).collect();
        operations.push(Sent::group(&group).post());
        operations.push(members(&group, &[&of(0), &of(19)], &[]));
        send(&store, &operations, at(batch)).await;
        use std::io::Write;
        let mut out = std::io::stdout();
        writeln!(out, "answered {batch}").unwrap();
        out.flush().unwrap();
    }
}

/// Two processes write to one tenant; one is killed in the middle. Every answered batch is there, no half one, and the
/// other goes on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_two_writers_is_killed() {
    use std::io::{BufRead, BufReader, Lines};
    use std::process::{Child, ChildStdout, Command, Stdio};
    let server = Server::start().await;
    let url = server.database();
    let spawn = |name: &str| -> (Child, Lines<BufReader<ChildStdout>>) {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["crash_child", "--exact", "--nocapture"])
            .env("LOCKSTEP_CRASH_URL", &url)
            .env("LOCKSTEP_CRASH_NAME", name)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        (child, lines)
    };
    fn answered(lines: &mut Lines<BufReader<ChildStdout>>, most: usize) -> u64 {
        let numbers = lines.map_while(Result::ok);
        let numbers = numbers.filter_map(|line| line.split("answered ").nth(1)?.trim().parse::<u64>().ok());
        numbers.take(most).last().map_or(0, |last| last + 1)
    }
    let (mut one, mut lines_of_one) = spawn("a");
    let (mut two, mut lines_of_two) = spawn("b");
    answered(&mut lines_of_two, 5);
    let before = answered(&mut lines_of_one, 10);
    one.kill().unwrap();
    one.wait().unwrap();
    let of_one = before.max(answered(&mut lines_of_one, usize::MAX));
    // The other goes on.
    answered(&mut lines_of_two, 20);
    two.kill().unwrap();
    two.wait().unwrap();
    let of_two = answered(&mut lines_of_two, usize::MAX).max(25);
    let store = connect(&url).await;
    let counts = store.counts().await.unwrap();
    assert!(counts.groups >= of_one + of_two, "{counts:?}: {of_one} and {of_two} were answered");
    assert!(counts.groups <= of_one + of_two + 2, "each had one batch under way: {counts:?}");
    assert_eq!((counts.users, counts.memberships), (counts.groups * 20, counts.groups * 2));
    assert_eq!(counts, contract::counted(&store).await);
    let all = everything(&store).await;
    assert!(all.is_sorted_by_key(|object| object.id), "ids grow, whoever gives them");
}

/// One process hears that another wrote, and does not hear itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn others_are_heard() {
    use futures_util::FutureExt;
    let limit = Duration::from_secs(20);
    let mut server = Server::start().await;
    let url = server.database();
    let (one, two) = (connect(&url).await, connect(&url).await);
    // Whoever begins to listen looks once, for what was said before.
    tokio::time::timeout(limit, one.written_elsewhere()).await.unwrap();
    tokio::time::timeout(limit, two.written_elsewhere()).await.unwrap();
    send(&one, &[Sent::user("ann").post()], at(1)).await;
    tokio::time::timeout(limit, two.written_elsewhere()).await.unwrap();
    assert_eq!(one.written_elsewhere().now_or_never(), None, "it heard itself");
    send(&two, &[Sent::user("bob").post()], at(2)).await;
    tokio::time::timeout(limit, one.written_elsewhere()).await.unwrap();
    // Nor is anybody deaf after a restart.
    server.postgres.stop().unwrap();
    server.postgres.run().unwrap();
    tokio::time::timeout(limit, two.written_elsewhere()).await.unwrap();
    send(&one, &[Sent::user("cem").post()], at(3)).await;
    tokio::time::timeout(limit, two.written_elsewhere()).await.unwrap();
}

/// PostgreSQL stores no U+0000: it is read back as U+FFFD, and nothing fails.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_nul_is_replaced() {
    use lockstep_model::Property;
    let server = Server::start().await;
    let store = server.fresh().await;
    let sent = Sent::user("ann").text(Property::DisplayName, "An\0n").text(Property::Department, r"a\u0000b");
    send(&store, &[sent.post()], at(1)).await;
    let ann = get(&store, "ann").await.unwrap();
    assert_eq!(ann.properties.text(Property::DisplayName), Some("An\u{fffd}n"));
    assert_eq!(ann.properties.text(Property::Department), Some(r"a\u0000b"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_restore() {
    let server = Server::start().await;
    let store = server.fresh().await;
    contract::leases::after_a_restore(&store, async || store.mark_restored(at(5)).await.unwrap()).await;
    let store = server.fresh().await;
    let mark = async || store.mark_restored(at(5)).await.unwrap();
    contract::leases::restored_before_any_lease(&store, mark).await;
}

/// In whatever moment the connection breaks, the answer is the truth: also where the database had committed, and only its
/// word of it was lost.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_was_lost_is_asked_for() {
    use lockstep_tests::Proxy;
    let server = Server::start().await;
    let url = server.database();
    let proxy = Proxy::start(([127, 0, 0, 1], server.postgres.port()).into()).unwrap();
    let port = format!(":{}/", server.postgres.port());
    let store = connect(&url.replace(&port, &format!(":{}/", proxy.address().port()))).await;
    let direct = connect(&url).await;
    let client = lockstep_model::ClientId(uuid::Uuid::nil());
    let write =
        async |name: &str| store.provision(client.into(), None, vec![Sent::user(name).post()], at(1)).await;
    let is_there = async |name: &str| {
        let query = ListQuery { search: Some(name.into()), top: 10, ..Default::default() };
        !names(&direct, query).await.is_empty()
    };
    // What one write is told by the database, once its statements are prepared.
    let mut bytes = 0;
    for name in ["warm1", "warm2", "warm3"] {
        let before = proxy.passed();
        write(name).await.unwrap();
        bytes = proxy.passed() - before;
    }
    let (mut heard, mut undone) = (0, 0);
    let coarse = (0..bytes).step_by(usize::try_from(bytes / 12).unwrap().max(1));
    for (n, cut) in coarse.chain((bytes.saturating_sub(160)..bytes + 8).step_by(8)).enumerate() {
        let (warm, name) = (format!("before{n}x"), format!("cut{n}x"));
        // On a new connection the statements are prepared anew.
        for part in ["a", "b"] {
            write(&format!("{warm}{part}")).await.unwrap();
        }
        let accepted = proxy.accepted();
        proxy.cut_after(cut);
        let writing = async {
            let answer = write(&name).await;
            (answer, proxy.accepted() > accepted)
        };
        let healing = async {
            lockstep_tests::wait_until("the cut", Duration::from_millis(400), async || {
                (proxy.accepted() > accepted).then_some(())
            })
            .await
            .ok();
            proxy.heal();
        };
        let ((answer, was_cut), ()) = tokio::join!(writing, healing);
        match answer {
            Ok(_) => {
                assert!(is_there(&name).await, "cut after {cut} of {bytes}: told as written, and is not");
                heard += u32::from(was_cut);
            }
            Err(StoreError::Unavailable { source, .. }) => {
                let text = source.to_string();
                assert!(!text.contains("may have been written"), "cut after {cut} of {bytes}: {text}");
                assert!(!is_there(&name).await, "cut after {cut} of {bytes}: {text}, and it is written");
                undone += 1;
            }
            Err(other) => panic!("cut after {cut} of {bytes}: {other:?}"),
        }
    }
    assert!(heard > 0, "no commit's answer was lost; {undone} writes were undone");
    assert!(undone > 0, "no connection broke before a commit; {heard} answers were lost");
    check_invariants(&direct).await;
}
