//! Guided fixes against a real directory, server and client: what is previewed is what happens, what the client sends
//! afterwards arrives where it should, and LDIF that is offered is taken by a directory.

#![allow(clippy::indexing_slicing, reason = "a JSON value is asked by name; what is absent is null")]

#[path = "support/drill.rs"]
mod drill;
#[path = "support/expectation.rs"]
mod expectation;

use anyhow::{Context, Result, ensure};
use drill::{Drill, LIMIT, SUFFIX, dn};
use lockstep_tests::organization::replaced;
use lockstep_tests::wait_for;
use serde_json::{Value, json};

/// Makes a cloud-only object and answers its id.
fn cloud(drill: &Drill, collection: &str, body: &Value) -> Result<String> {
    let made = drill.lockstep.ask("POST", &format!("/v1.0/{collection}"), Some(body))?;
    ensure!(made.status == 201, "{collection}: {}", made.text());
    Ok(made.json()?["id"].as_str().context("an id")?.to_owned())
}

fn person(name: &str) -> Value {
    json!({
        "displayName": format!("Cloud {name}"), "userPrincipalName": format!("{name}@contoso.com"),
        "mailNickname": name, "mail": format!("{name}@contoso.com"), "accountEnabled": true,
        "passwordProfile": {"password": "not kept", "forceChangePasswordNextSignIn": true},
    })
}

/// Gives a person of the directory one more address.
fn claim(drill: &Drill, unit: &str, number: usize, address: &str) -> Result<()> {
    let values = [format!("{unit}{number}@contoso.com"), address.to_owned()];
    drill.slapd.ldapmodify(&replaced(&dn(unit, number), "mail", &values))
}

fn found(drill: &Drill, query: &str) -> Result<Vec<Value>> {
    let list = drill.lockstep.get(&format!("/api/v1/errors?{query}"))?;
    Ok(list["value"].as_array().cloned().unwrap_or_default())
}

/// The fixes of the one error there is of a value, once it is there.
fn fixes(drill: &Drill, value: &str) -> Result<(String, Value)> {
    let row = wait_for("the error", LIMIT, || found(drill, &format!("q={value}")).ok()?.pop())?;
    let address = format!("/api/v1/errors/{}", row["id"]);
    let fixes = drill.lockstep.get(&format!("{address}/fixes"))?;
    Ok((address, fixes))
}

fn apply(drill: &Drill, address: &str, fixes: &Value, fix: &str) -> Result<Value> {
    let body = json!({"fix": fix, "etag": fixes["etag"]});
    let done = drill.lockstep.ask("POST", &format!("{address}/fix"), Some(&body))?;
    ensure!(done.status == 200, "{fix}: {}", done.text());
    done.json()
}

fn over(drill: &Drill, value: &str) -> Result<()> {
    wait_for("the error to go", LIMIT, || found(drill, &format!("q={value}")).ok()?.is_empty().then_some(()))
}

fn addresses(drill: &Drill, user: &str) -> Result<String> {
    Ok(drill.lockstep.get(&format!("/v1.0/users/{user}?$select=proxyAddresses"))?["proxyAddresses"]
        .to_string())
}

#[test]
fn two_objects_that_claim_one_value() -> Result<()> {
    let mut drill = Drill::live(|_| {})?;

    // Two people: the cloud object gives the address up.
    let keeper = cloud(&drill, "users", &person("keeper"))?;
    claim(&drill, "east", 1, "keeper@contoso.com")?;
    let (error, seen) = fixes(&drill, "keeper@contoso.com")?;
    ensure!(seen["fixes"].as_array().is_some_and(|fixes| fixes.len() == 2), "{seen}");
    ensure!(seen["entries"][0]["attribute"] == "mail" && seen["entries"][0]["certain"] == true, "{seen}");
    let done = apply(&drill, &error, &seen, "dropValue")?;
    ensure!(done["cured"] == true && done["retry"] == "notNeeded", "{done}");
    ensure!(addresses(&drill, "east1@contoso.com")?.contains("keeper@contoso.com"));
    ensure!(!addresses(&drill, &keeper)?.contains("keeper@contoso.com"));
    over(&drill, "keeper@contoso.com")?;

    // One person: the cloud object is kept, and the client's next change arrives at it.
    let double = cloud(&drill, "users", &person("double"))?;
    claim(&drill, "east", 2, "double@contoso.com")?;
    let (error, seen) = fixes(&drill, "double@contoso.com")?;
    let made = drill.lockstep.get("/v1.0/users/east2@contoso.com")?["id"].clone();
    ensure!(made != double.as_str());
    let done = apply(&drill, &error, &seen, "moveAnchor")?;
    ensure!(done["cured"] == true, "{done}");
    ensure!(drill.lockstep.get("/v1.0/users/east2@contoso.com")?["id"] == double.as_str());
    drill.slapd.ldapmodify(&replaced(&dn("east", 2), "title", &["Keeper".into()]))?;
    wait_for("the next change", LIMIT, || {
        let user = drill.lockstep.get(&format!("/v1.0/users/{double}?$select=jobTitle")).ok()?;
        (user["jobTitle"] == "Keeper").then_some(())
    })?;
    let deleted = drill.lockstep.pages("/v1.0/directory/deletedItems/microsoft.graph.user?$top=9")?;
    ensure!(deleted.len() == 1 && deleted[0]["id"] == made, "{deleted:?}");

    // A person who could not be made, for a group has the address: the client is asked to send the entry again.
    let team = json!({
        "displayName": "Team", "mailNickname": "late", "mailEnabled": true, "securityEnabled": false,
        "groupTypes": ["Unified"], "mail": "late@contoso.com",
    });
    cloud(&drill, "groups", &team)?;
    drill.slapd.ldapadd(&format!(
        "dn: uid=late,ou=north,ou=staff,{SUFFIX}\nobjectClass: inetOrgPerson\nuid: late\ncn: late\nsn: late\n\
         displayName: Late One\nmail: late@contoso.com\n\n"
    ))?;
    let (error, seen) = fixes(&drill, "late@contoso.com")?;
    ensure!(seen["error"]["code"] == "ObjectTypeMismatch", "{seen}");
    let done = apply(&drill, &error, &seen, "dropValue")?;
    ensure!(done["cured"] == false && done["retry"] == "done", "{done}");
    over(&drill, "late@contoso.com")?;
    ensure!(drill.lockstep.get("/v1.0/users/late@contoso.com")?["displayName"] == "Late One");

    // Both are the directory's: it takes the LDIF.
    claim(&drill, "east", 4, "east3@contoso.com")?;
    let (error, seen) = fixes(&drill, "east3@contoso.com")?;
    ensure!(seen["fixes"] == json!([]), "{seen}");
    // Out of sight until the source changes it.
    let ignored = drill.lockstep.ask("PUT", &format!("{error}/ignored"), None)?;
    ensure!(ignored.status == 200, "{}", ignored.text());
    over(&drill, "east3@contoso.com")?;
    drill.slapd.ldapmodify(&replaced(&dn("east", 4), "title", &["Other".into()]))?;
    wait_for("the ignored error", LIMIT, || found(&drill, "q=east3@contoso.com").ok()?.pop())?;
    let wanting = seen["entries"].as_array().context("entries")?.iter().find(|entry| entry["holds"] == false);
    let wanting = wanting.context("the entry that wants it")?;
    ensure!(wanting["dn"] == dn("east", 4), "{seen}");
    drill.slapd.ldapmodify(wanting["ldif"].as_str().context("LDIF")?)?;
    over(&drill, "east3@contoso.com")?;

    // What the client knows and what the tenant has are still one.
    drill.lockstep.stop_client()?;
    drill.is_well()
}
