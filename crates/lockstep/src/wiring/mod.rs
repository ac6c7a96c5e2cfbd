//! Puts the parts together: which store, which connectors, which server. No logic of synchronization is here.

pub(crate) mod client;
pub(crate) mod disk;
pub(crate) mod dns;
pub(crate) mod once;
pub(crate) mod remote;
pub(crate) mod rules;
pub(crate) mod run;
pub(crate) mod server;
pub(crate) mod server_doctor;
pub(crate) mod source;
pub(crate) mod store;
mod upkeep;

use crate::End;
use crate::cli::{Command, Sync};
use crate::commands;
use crate::config::Loaded;
use crate::out::Out;

/// Runs a command that needs more than the configuration.
pub(crate) fn run(out: Out, loaded: Loaded, command: Command) -> anyhow::Result<End> {
    crate::logs::start(&loaded.config.log)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let end = runtime.block_on(dispatch(out, loaded, command));
    // What still runs (a task that waits for a connection) must not keep the process.
    runtime.shutdown_timeout(std::time::Duration::from_secs(2));
    end
}

async fn dispatch(out: Out, loaded: Loaded, command: Command) -> anyhow::Result<End> {
    match command {
        Command::Up(up) => run::up(out, &loaded, up.listen.as_deref()).await,
        Command::Server(server) => run::server(out, &loaded, server.listen.as_deref()).await,
        Command::Sync(Sync::Run) => run::sync(out, &loaded).await,
        Command::Sync(Sync::Once { full }) => commands::sync::once(out, &loaded, full).await,
        Command::Sync(Sync::Preview { limit, rules, compare }) => {
            commands::preview::run(out, &loaded, limit, rules.as_deref(), compare).await
        }
        Command::Sync(Sync::Compare { before, after }) => commands::preview::compare(out, &before, &after),
        Command::Sync(Sync::Object { object, ignore_scope }) => {
            commands::object::run(out, &loaded, &object, ignore_scope).await
        }
        Command::Sync(Sync::Explain { object, rules }) => {
            commands::explain::run(out, &loaded, &object, rules.as_deref()).await
        }
        Command::Sync(Sync::Approve { digest, by }) => {
            commands::sync::approve(out, &loaded, &digest, by).await
        }
        Command::Sync(Sync::Enroll(asked)) => commands::enroll::run(out, &asked).await,
        Command::Sync(Sync::HandOver) => commands::sync::hand_over(out, &loaded).await,
        Command::History(asked) => commands::history::history(out, &loaded, &asked).await,
        Command::Status(remote) => commands::status::run(out, &loaded, &remote).await,
        Command::Doctor(remote) => commands::doctor::run(out, &loaded, &remote).await,
        Command::Precheck(asked) => commands::precheck::run(out, &loaded, &asked).await,
        Command::Verify(verify) => commands::verify::run(out, &loaded, &verify).await,
        Command::Backup(backup) => commands::backup::run(out, &loaded, &backup).await,
        Command::Restore(restore) => commands::restore::run(out, &loaded, &restore).await,
        Command::User(user) => commands::user::run(out, &loaded, user).await,
        Command::Token(token) => commands::token::run(out, &loaded, token).await,
        Command::Tenant(tenant) => commands::tenant::run(out, &loaded, tenant).await,
        // These need no runtime, and `main` has run them.
        Command::Sample(_) | Command::Config(_) | Command::Rules(_) | Command::Completions { .. } => {
            Ok(End::Done)
        }
    }
}
