//! A client with rules of its own: what they decide, what a change of them does, drafts, and rules that go wrong.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a helper of tests fails as a test does"
)]

mod common;

use common::world::*;
use common::*;
use lockstep_engine::rules::sync_rules::OPENLDAP;
use lockstep_model::explain::{Next, Scope};
use lockstep_model::plan::{Action, DeleteReason};
use lockstep_model::provisioning::RunResult;
use lockstep_model::rules::{ExpressionResult, ExpressionSide};
use lockstep_model::{ErrorCode, ObjectKind, Property, PropertyValue};
use lockstep_sources::ReadKind;
use lockstep_sync::{Rules, RulesDocument, SyncClient, SyncSettings};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// The rule set for OpenLDAP with more rules.
fn rules(more: &str) -> Arc<Rules> {
    let text = format!("{OPENLDAP}\n{more}");
    let document = RulesDocument::Set { file: "rules.toml".into(), text, sources: Vec::new() };
    Arc::new(Rules::new(document).unwrap_or_else(|problems| panic!("{problems}")))
}

/// A rule for people with one flow to the metaverse.
fn flow(flow: &str) -> String {
    format!(
        r#"
[[rule]]
name = "In from LDAP - Person - ours"
direction = "inbound"
precedence = 10
source_types = ["inetOrgPerson"]
metaverse_type = "person"
link_type = "Join"
flow = [{{ {flow} }}]
"#
    )
}

fn with(world: &World, rules: Arc<Rules>) -> SyncClient {
    world.client_of(SyncSettings { rules, ..settings(OPEN) })
}

async fn sync(world: &World, rules: &Arc<Rules>) -> RunResult {
    with(world, rules.clone()).once(false, CancellationToken::new()).await.unwrap().result
}

#[tokio::test(flavor = "multi_thread")]
async fn the_default_rule_set_writes_what_the_built_in_mapping_writes() {
    let world = World::new(organization(5));
    {
        let mut d = world.directory.lock().unwrap();
        d.set("p001", "manager", &[&dn("p002")]);
        d.group("g1", GROUPS, &[&dn("p000"), &dn("p001")]);
    }
    world.sync().await;
    let before = world.tenant.writes();
    // The rules are others, what comes out is the same: nothing is written again.
    assert_eq!(sync(&world, &rules("")).await, RunResult::Success);
    assert_eq!(world.tenant.writes(), before);
    world.forget_state();
    assert_eq!(sync(&world, &rules("")).await, RunResult::Success);
    assert_eq!(world.tenant.writes(), before, "nor after the state was lost");
    assert_eq!(world.tenant.members("g1"), ["p000", "p001"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_rule_writes_what_it_changes_and_reads_nothing_again() {
    let world = World::new(organization(4));
    assert_eq!(sync(&world, &rules("")).await, RunResult::Success);
    world.tenant.state.lock().unwrap().log.clear();
    let upper = rules(&flow(r#"to = "sn", expression = 'UCase(FirstText([sn])) & "!"'"#));

    let plan =
        with(&world, rules("")).preview(100, Some(upper.clone()), CancellationToken::new()).await.unwrap();
    assert_eq!(plan.items.len(), 4);
    assert_eq!(plan.properties[&ObjectKind::User], [(Property::Surname, 4)].into());
    let change = &plan.items[0].changes[0];
    assert_eq!(change.property, Property::Surname);
    assert_eq!(change.before, Some(PropertyValue::Text("S".into())), "what the rules before had given");
    assert_eq!(
        change.rule,
        "surname <- \"Out to cloud - User\": [sn] <- \"In from LDAP - Person - ours\": UCase(FirstText([sn])) & \"!\""
    );
    assert!(world.tenant.state.lock().unwrap().log.is_empty(), "a preview writes nothing");

    assert_eq!(sync(&world, &upper).await, RunResult::Success);
    let log = world.tenant.state.lock().unwrap().log.clone();
    assert_eq!(log, ["post user p000", "post user p001", "post user p002", "post user p003"]);
    let reads = world.directory.lock().unwrap().reads.clone();
    assert_eq!(reads, [ReadKind::Full, ReadKind::Delta, ReadKind::Delta]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_that_reads_more_has_the_directory_read_again() {
    let world = World::new(organization(2));
    assert_eq!(sync(&world, &rules("")).await, RunResult::Success);
    assert_eq!(
        sync(&world, &rules(&flow(r#"to = "info", expression = 'FirstText([pager])'"#))).await,
        RunResult::Success
    );
    assert_eq!(world.directory.lock().unwrap().reads, [ReadKind::Full, ReadKind::Full]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_leaves_the_scope_of_a_changed_rule_is_deleted_under_guard_and_named_so() {
    let world = World::new(organization(6));
    assert_eq!(sync(&world, &rules("")).await, RunResult::Success);
    let narrow = OPENLDAP.replacen(
        "link_type = \"Provision\"\n",
        "link_type = \"Provision\"\nscope = [{ all = [{ attribute = \"uid\", operator = \"NOTEQUAL\", value = \"p003\" }] }]\n",
        1,
    );
    let document = RulesDocument::Set { file: "narrow.toml".into(), text: narrow, sources: Vec::new() };
    let narrow = Arc::new(Rules::new(document).unwrap());
    let plan =
        with(&world, rules("")).preview(9, Some(narrow.clone()), CancellationToken::new()).await.unwrap();
    let item = &plan.items[0];
    assert_eq!(
        (item.action, item.reason, item.anchor.as_str()),
        (Action::Delete, Some(DeleteReason::LeftScope), "p003")
    );
    assert_eq!(plan.items.len(), 1);
    assert_eq!(sync(&world, &narrow).await, RunResult::Success);
    assert!(!world.tenant.names().contains(&"p003".to_owned()));
    let told = with(&world, narrow).explain("p003", None).await.unwrap().unwrap();
    let Scope::OutOfScope { reason } = told.scope else { panic!("{:?}", told.scope) };
    assert!(reason.contains("In from LDAP - Person"), "{reason}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_whose_rule_goes_wrong_stays_as_it_is_and_says_why() {
    let world = World::new(organization(3));
    let strict = rules(&flow(
        r#"to = "employeeID", expression = 'IIF(Contains([sn], "Bad") > 0, Error("no Bads"), NULL)'"#,
    ));
    assert_eq!(sync(&world, &strict).await, RunResult::Success);
    {
        let mut d = world.directory.lock().unwrap();
        d.set("p001", "sn", &["Bad"]);
        d.set("p002", "sn", &["Good"]);
    }
    assert_eq!(sync(&world, &strict).await, RunResult::CompletedWithErrors);
    assert_eq!(world.tenant.text("p001", Property::Surname).as_deref(), Some("S"), "as it was");
    assert_eq!(
        world.tenant.text("p002", Property::Surname).as_deref(),
        Some("Good"),
        "one holds up no other"
    );
    let errors = world.tenant.state.lock().unwrap().errors[&anchor("p001")].clone();
    assert_eq!(errors[0].code, ErrorCode::MappingFailed);
    assert!(errors[0].message.contains("no Bads"), "{}", errors[0].message);
    let writes = world.tenant.writes();
    assert_eq!(sync(&world, &strict).await, RunResult::Success, "it is told once");
    assert_eq!(world.tenant.writes(), writes);

    world.directory.lock().unwrap().set("p001", "sn", &["Better"]);
    assert_eq!(sync(&world, &strict).await, RunResult::Success);
    assert_eq!(world.tenant.text("p001", Property::Surname).as_deref(), Some("Better"));
    assert!(world.tenant.state.lock().unwrap().errors.get(&anchor("p001")).is_none_or(Vec::is_empty));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_rule_leaves_alone_the_cloud_keeps() {
    let world = World::new(organization(2));
    let text = OPENLDAP.replacen(
        r#"{ to = "company", expression = 'FirstText([o])' }"#,
        r#"{ to = "company", constant = "Contoso", execute_once = true }"#,
        1,
    );
    assert_ne!(text, OPENLDAP);
    let document = RulesDocument::Set { file: "once.toml".into(), text, sources: Vec::new() };
    let once = Arc::new(Rules::new(document).unwrap_or_else(|problems| panic!("{problems}")));
    assert_eq!(sync(&world, &once).await, RunResult::Success);
    let company = |name: &str| world.tenant.text(name, Property::CompanyName);
    assert_eq!(company("p000").as_deref(), Some("Contoso"));
    world.directory.lock().unwrap().set("p000", "sn", &["Other"]);
    assert_eq!(sync(&world, &once).await, RunResult::Success);
    assert_eq!(world.tenant.text("p000", Property::Surname).as_deref(), Some("Other"));
    assert_eq!(company("p000").as_deref(), Some("Contoso"), "it was only for the beginning");
    let writes = world.tenant.writes();
    assert_eq!(sync(&world, &once).await, RunResult::Success);
    assert_eq!(world.tenant.writes(), writes);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_is_explained_by_a_draft() {
    let world = World::new(organization(2));
    assert_eq!(sync(&world, &rules("")).await, RunResult::Success);
    let upper = rules(&flow(r#"to = "sn", expression = 'UCase(FirstText([sn])) & "!"'"#));
    let client = with(&world, rules(""));
    let told = client.explain("p001", None).await.unwrap().unwrap();
    assert_eq!(told.next, Next::Nothing);
    let told = client.explain("p001", Some(upper)).await.unwrap().unwrap();
    let Next::Planned { item } = told.next else { panic!("{:?}", told.next) };
    assert_eq!(item.changes.len(), 1);
    assert_eq!(item.changes[0].property, Property::Surname);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expression_is_tried_on_an_entry_and_reads_what_the_client_does_not() {
    let world = World::new(organization(2));
    world.directory.lock().unwrap().set("p001", "pager", &["555"]);
    assert_eq!(sync(&world, &rules("")).await, RunResult::Success);
    let client = with(&world, rules(""));
    let tried = |side, text: &'static str| {
        let client = client.clone();
        async move { client.evaluate("p001", text, side, None).await.unwrap().unwrap() }
    };
    let value = |result: &ExpressionResult| match result {
        ExpressionResult::Value { values, .. } => values.clone(),
        other => panic!("{other:?}"),
    };
    let report = tried(ExpressionSide::Source, "UCase(FirstText([sn]))").await;
    assert_eq!((value(&report.result), report.dn.as_str()), (vec!["\"S\"".to_owned()], dn("p001").as_str()));
    // No rule reads it: the entry is read again, and nothing is kept.
    let report = tried(ExpressionSide::Source, "FirstText([pager]) & \"!\"").await;
    assert_eq!(value(&report.result), ["\"555!\""]);
    assert_eq!(report.reads[0].name, "pager");
    let report = tried(ExpressionSide::Metaverse, "[sn]").await;
    assert_eq!(value(&report.result), ["\"S\""]);
    let report = tried(ExpressionSide::Source, "UCase([sn]").await;
    assert!(matches!(report.result, ExpressionResult::Mistake { line: 1, .. }), "{report:?}");
    // By the names of a draft: what it gives the metaverse.
    let draft = rules(&flow(r#"to = "sn", expression = 'UCase(FirstText([pager]))'"#));
    let report =
        client.evaluate("p001", "[sn]", ExpressionSide::Metaverse, Some(draft)).await.unwrap().unwrap();
    assert_eq!(value(&report.result), ["\"555\""]);
    let none = client.evaluate("nobody", "[sn]", ExpressionSide::Source, None).await.unwrap();
    assert!(none.is_none());
    assert_eq!(world.tenant.names().len(), 2);
}
