//! Two tenants of one server, each with a sync client of the same directory: the same anchors, names and addresses, and
//! nothing of one in the other. On both databases.

#![allow(clippy::indexing_slicing, reason = "a JSON value is asked by name; what is absent is null")]

use anyhow::{Context, Result, ensure};
use lockstep_tests::organization::{deleted, replaced};
use lockstep_tests::{Lockstep, Postgres, Setup, Slapd, SlapdOptions, http, wait_for};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

const SUFFIX: &str = "dc=contoso,dc=com";
const PEOPLE: usize = 40;
const LIMIT: Duration = Duration::from_secs(90);

fn dn(number: usize) -> String {
    format!("uid=p{number},ou=people,{SUFFIX}")
}

fn content() -> String {
    let mut text = format!(
        "dn: {SUFFIX}\nobjectClass: dcObject\nobjectClass: organization\no: Contoso\ndc: contoso\n\n\
         dn: ou=people,{SUFFIX}\nobjectClass: organizationalUnit\nou: people\n\n"
    );
    for number in 0..PEOPLE {
        let _ = writeln!(
            text,
            "dn: {}\nobjectClass: inetOrgPerson\nuid: p{number}\ncn: Person {number}\nsn: {number}\n\
             title: Clerk\nmail: p{number}@contoso.com\n",
            dn(number)
        );
    }
    let _ = writeln!(
        text,
        "dn: cn=all,{SUFFIX}\nobjectClass: groupOfNames\ncn: all\nmember: {}\nmember: {}\n",
        dn(0),
        dn(1)
    );
    text
}

/// A tenant as an administrator of it sees it.
struct Seen {
    prefix: String,
    token: String,
}

impl Seen {
    fn ask(&self, lockstep: &Lockstep, path: &str) -> Result<http::Answer> {
        let bearer = format!("Bearer {}", self.token);
        let path = format!("{}{path}", self.prefix);
        http::request(lockstep.address(), "GET", &path, &[("Authorization", &bearer)], None)
    }

    fn get(&self, lockstep: &Lockstep, path: &str) -> Result<Value> {
        let answer = self.ask(lockstep, path)?;
        ensure!(answer.status == 200, "{}{path}: HTTP {}: {}", self.prefix, answer.status, answer.text());
        answer.json()
    }

    /// Users by anchor: id, sign-in name, title.
    fn users(&self, lockstep: &Lockstep) -> Result<BTreeMap<String, [String; 3]>> {
        let select = "id,userPrincipalName,jobTitle,onPremisesImmutableId";
        let page = self.get(lockstep, &format!("/v1.0/users?$top=999&$select={select}"))?;
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let users = page["value"].as_array().context("no list")?.iter().map(|user| {
            let seen = [text(&user["id"]), text(&user["userPrincipalName"]), text(&user["jobTitle"])];
            (text(&user["onPremisesImmutableId"]), seen)
        });
        Ok(users.collect())
    }

    fn wait(&self, lockstep: &Lockstep, count: usize) -> Result<BTreeMap<String, [String; 3]>> {
        wait_for(&format!("{count} users at '{}'", self.prefix), LIMIT, || {
            self.users(lockstep).ok().filter(|users| users.len() == count)
        })
        .with_context(|| lockstep.log("server.log"))
    }
}

fn two_tenants(more: String) -> Result<Lockstep> {
    let slapd = Slapd::start(&SlapdOptions {
        suffix: SUFFIX.into(),
        ldif: Some(content()),
        ..SlapdOptions::default()
    })?;
    let mut lockstep = Lockstep::start(Setup { more, guard: (1_000, 100), ..Setup::of(&slapd) })?;
    let taken = lockstep.run(&["tenant", "create", "Thief", "--domain", "contoso.com"])?;
    ensure!(!taken.status.success() && taken.stderr.contains("another tenant"), "{}", taken.said());
    let made =
        lockstep.run(&["tenant", "create", "Fabrikam", "--domain", "fabrikam.com", "--output", "json"])?;
    ensure!(made.status.success(), "{}", made.said());
    let made: Value = serde_json::from_str(&made.stdout)?;
    let id = made["id"].as_str().context("no id")?.to_owned();
    let sign_in = made["signIn"].as_str().context("no link")?;
    ensure!(sign_in.contains("/tenants/fabrikam.com/signin#lkl_"), "{sign_in}");
    let token = lockstep.make_token_of("root", "admin", &["--tenant", &id])?;
    let contoso = Seen { prefix: String::new(), token: lockstep.admin_token().to_owned() };
    let fabrikam = Seen { prefix: "/tenants/fabrikam.com".into(), token };

    // Both read one directory: the same anchors, names and addresses in both tenants.
    lockstep.start_client()?;
    let mut second = lockstep.client_of_tenant("second", "fabrikam.com")?;
    second.start()?;
    let (one, two) = (contoso.wait(&lockstep, PEOPLE)?, fabrikam.wait(&lockstep, PEOPLE)?);
    ensure!(one.keys().eq(two.keys()), "the anchors differ");
    for (anchor, [id, name, _]) in &one {
        let [other, elsewhere, _] = &two[anchor];
        ensure!(id != other, "{anchor} is one object in both");
        // A domain is verified in one tenant: in the other the names get its own.
        ensure!(
            name.ends_with("@contoso.com") && elsewhere.ends_with("@fabrikam.com"),
            "{name}, {elsewhere}"
        );
        ensure!(fabrikam.ask(&lockstep, &format!("/v1.0/users/{id}"))?.status == 404, "{id} is seen across");
    }
    // What one client does while the other is away is done in its tenant alone.
    second.stop()?;
    slapd.ldapmodify(&deleted(&dn(7)))?;
    slapd.ldapmodify(&replaced(&dn(8), "title", &["Director".into()]))?;
    contoso.wait(&lockstep, PEOPLE - 1)?;
    wait_for("the title to arrive", LIMIT, || {
        let users = contoso.users(&lockstep).ok()?;
        users.values().any(|[_, _, title]| title == "Director").then_some(())
    })?;
    let still = fabrikam.users(&lockstep)?;
    ensure!(still == two, "what the first client wrote is seen in the second tenant");
    second.start()?;
    let users = fabrikam.wait(&lockstep, PEOPLE - 1)?;
    ensure!(users.values().any(|[_, _, title]| title == "Director"), "the second client wrote it too");

    // Keys open their own tenant's doors, by whatever address.
    for (seen, path) in [(&contoso, "/tenants/fabrikam.com/v1.0/users"), (&fabrikam, "/v1.0/users")] {
        let crossed = Seen { prefix: String::new(), token: seen.token.clone() };
        ensure!(crossed.ask(&lockstep, path)?.status == 401, "{path} opens to another tenant's key");
    }
    // A status in each: its own client, its own counts.
    let status = fabrikam.get(&lockstep, "/api/v1/status")?;
    ensure!(status["tenant"]["displayName"] == "Fabrikam" && status["tenant"]["id"] == id, "{status}");
    ensure!(status["sync"]["serviceAccount"] == "second", "{status}");
    let doctor = fabrikam.get(&lockstep, "/api/v1/doctor")?.to_string();
    ensure!(!doctor.contains("server.disk") && !doctor.contains("postgresql://"), "{doctor}");

    // A server that starts again finds both.
    second.stop()?;
    lockstep.kill_server()?;
    lockstep.start_server()?;
    ensure!(fabrikam.users(&lockstep)? == users, "the second tenant is as it was");
    let list = lockstep.run(&["tenant", "list", "--output", "json"])?;
    let list: Value = serde_json::from_str(&list.stdout)?;
    ensure!(
        list[0]["first"] == true && list[1]["name"] == "Fabrikam" && list[1]["domains"][0] == "fabrikam.com",
        "{list}"
    );
    Ok(lockstep)
}

fn it_is_deleted(lockstep: &mut Lockstep) -> Result<()> {
    let list = lockstep.run(&["tenant", "list", "--output", "json"])?;
    let list: Value = serde_json::from_str(&list.stdout)?;
    let (first, id) = (list[0]["id"].as_str().context("no id")?, list[1]["id"].as_str().context("no id")?);
    for (arguments, says) in [
        (vec!["tenant", "delete", id], "--confirm"),
        (vec!["tenant", "delete", id, "--confirm", "Contoso"], "is not the tenant's name"),
        (vec!["tenant", "delete", first, "--confirm", "Contoso"], "first tenant"),
    ] {
        let refused = lockstep.run(&arguments)?;
        ensure!(
            !refused.status.success() && refused.stderr.contains(says),
            "{arguments:?}: {}",
            refused.said()
        );
    }
    let done = lockstep.run(&["tenant", "delete", id, "--confirm", "Fabrikam"])?;
    ensure!(done.status.success(), "{}", done.said());
    wait_for("the address to lead nowhere", LIMIT, || {
        let answer = http::request(lockstep.address(), "GET", "/tenants/fabrikam.com/readyz", &[], None);
        answer.is_ok_and(|answer| answer.status == 404).then_some(())
    })?;
    let users = Seen { prefix: String::new(), token: lockstep.admin_token().to_owned() }.users(lockstep)?;
    ensure!(users.len() == PEOPLE - 1, "the first tenant is as it was");
    Ok(())
}

#[test]
fn two_in_files() -> Result<()> {
    let mut lockstep = two_tenants(String::new())?;
    // A backup is of all of them, each a file; one goes back to its own tenant and to no other.
    let folder = lockstep.folder().join("backups");
    std::fs::create_dir(&folder)?;
    let to = folder.display().to_string();
    let made = lockstep.run(&["backup", &to, "--output", "json"])?;
    ensure!(made.status.success(), "{}", made.said());
    let made: Value = serde_json::from_str(&made.stdout)?;
    let both = made.as_array().context("one backup")?;
    ensure!(
        both.len() == 2 && both[1]["displayName"] == "Fabrikam" && both[1]["users"] == PEOPLE - 1,
        "{made}"
    );
    let id = both[1]["tenant"].as_str().context("no id")?.to_owned();
    let file = folder.join(both[1]["file"].as_str().context("no file")?).display().to_string();
    // One that is damaged keeps no other from being copied, and is named, as it is where tenants are listed.
    let (damaged, copies) =
        (lockstep.server_folder().join("tenants").join(&id), lockstep.folder().join("copies"));
    std::fs::create_dir(&copies)?;
    lockstep.kill_server()?;
    std::fs::rename(damaged.join("tenant.db"), damaged.join("aside"))?;
    std::fs::write(
        damaged.join("tenant.db"),
        "no database, but long enough to look like a file that holds one",
    )?;
    let some = lockstep.run(&["backup", &copies.display().to_string()])?;
    ensure!(
        !some.status.success() && some.stderr.contains("1 of 2") && some.stderr.contains(&id),
        "{}",
        some.said()
    );
    ensure!(std::fs::read_dir(&copies)?.count() == 2, "the first tenant was not copied");
    let list = lockstep.run(&["tenant", "list", "--output", "json"])?;
    ensure!(list.status.success(), "{}", list.said());
    let list: Value = serde_json::from_str(&list.stdout)?;
    ensure!(
        list[0]["name"] == "Contoso" && list[0]["problem"].is_null() && list[1]["problem"].is_string(),
        "{list}"
    );
    std::fs::rename(damaged.join("aside"), damaged.join("tenant.db"))?;
    lockstep.start_server()?;
    let single = lockstep.run(&["backup", &format!("{to}/one.db")])?;
    ensure!(!single.status.success() && single.stderr.contains("2 tenants"), "{}", single.said());
    let wrong = lockstep.run(&["restore", &file, "--replace"])?;
    ensure!(!wrong.status.success() && wrong.stderr.contains("--tenant"), "{}", wrong.said());
    it_is_deleted(&mut lockstep)?;
    lockstep.kill_server()?;
    // Also once nobody knows whose it was, it does not take the first's place, by whatever name that is asked.
    let first = both[0]["tenant"].as_str().context("no id")?;
    for named in [&[][..], &["--tenant", first], &["--tenant", "contoso.com"]] {
        let arguments = [&["restore", file.as_str(), "--replace"], named].concat();
        let wrong = lockstep.run(&arguments)?;
        ensure!(
            !wrong.status.success() && wrong.stderr.contains("nothing was restored"),
            "{arguments:?}: {}",
            wrong.said()
        );
    }
    // Nor where the registry was lost.
    for name in ["tenants.db", "tenants.db-wal", "tenants.db-shm"] {
        let path = lockstep.server_folder().join(name);
        let aside = lockstep.folder().join(name);
        if path.exists() {
            std::fs::rename(&path, &aside)?;
        }
    }
    let wrong = lockstep.run(&["restore", &file, "--replace"])?;
    ensure!(!wrong.status.success() && wrong.stderr.contains("the first tenant of this"), "{}", wrong.said());
    let back = lockstep.run(&["restore", &file, "--tenant", &id])?;
    ensure!(back.status.success(), "{}", back.said());
    lockstep.start_server()?;
    let answer = http::request(lockstep.address(), "GET", &format!("/tenants/{id}/readyz"), &[], None)?;
    ensure!(answer.status == 200, "the tenant that was restored is at its address: {}", answer.text());
    Ok(())
}

#[test]
fn two_in_postgresql() -> Result<()> {
    let postgres = Postgres::start(false)?;
    postgres.database("lockstep", None)?;
    let secrets = tempfile::tempdir()?;
    let file = secrets.path().join("database.password");
    std::fs::write(&file, Postgres::PASSWORD)?;
    let more = format!(
        "[server.database]\nurl = \"postgresql://{}@127.0.0.1:{}/lockstep?sslmode=disable\"\npassword_file = \"{}\"\n",
        Postgres::ROLE,
        postgres.port(),
        file.display()
    );
    let mut lockstep = two_tenants(more)?;
    let of_each = "SELECT string_agg(n::text, ' ' ORDER BY tenant_id) FROM \
                   (SELECT tenant_id, count(*) n FROM object WHERE state = 0 AND kind = 0 GROUP BY 1) c";
    let count = PEOPLE - 1;
    ensure!(postgres.sql("lockstep", of_each)? == format!("{count} {count}"), "rows of both");
    it_is_deleted(&mut lockstep)?;
    ensure!(postgres.sql("lockstep", of_each)? == count.to_string(), "rows of the first alone");
    Ok(())
}
