//! The program as people run it, over an LDIF file as the directory: the first day, the guard, exit codes.

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// An installation in a folder of its own, with 60 people in a file.
struct Site {
    folder: TempDir,
}

impl Site {
    fn new() -> Result<Self> {
        let site = Self { folder: tempfile::tempdir()? };
        let config = "[server]\nlisten = \"127.0.0.1:0\"\n\
                      [tenant]\ndisplay_name = \"Contoso\"\ninitial_domain = \"contoso.onlockstep.example\"\n\
                      domains = [{ name = \"contoso.com\", verified = true }, { name = \"contoso.local\" }]\n\
                      [source]\nkind = \"ldif\"\nfile = \"people.ldif\"\n";
        std::fs::write(site.path("lockstep.toml"), config)?;
        site.done(&["sample", "--people", "60", "--to", "people.ldif", "--manifest", "manifest.json"])?;
        Ok(site)
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lockstep"));
        command.args(arguments).current_dir(self.folder.path()).stdin(Stdio::null());
        for (name, _) in
            std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("LOCKSTEP_"))
        {
            command.env_remove(name);
        }
        command.env_remove("CREDENTIALS_DIRECTORY").env_remove("RUST_LOG");
        command
    }

    fn run(&self, arguments: &[&str]) -> Result<Output> {
        Ok(self.command(arguments).output()?)
    }

    /// What a command that must succeed prints.
    fn done(&self, arguments: &[&str]) -> Result<String> {
        self.ended(arguments, 0)
    }

    /// What a command that must end with this code prints.
    fn ended(&self, arguments: &[&str], code: i32) -> Result<String> {
        let output = self.run(arguments)?;
        let (text, errors) =
            (String::from_utf8(output.stdout)?, String::from_utf8_lossy(&output.stderr).into_owned());
        ensure!(
            output.status.code() == Some(code),
            "{arguments:?} ended with {}, not {code}:\n{text}\n{errors}",
            output.status
        );
        Ok(text)
    }

    fn json(&self, arguments: &[&str]) -> Result<Value> {
        let mut all = arguments.to_vec();
        all.extend(["--output", "json"]);
        Ok(serde_json::from_str(&self.done(&all)?)?)
    }

    /// `lockstep up`, once it has said that it is ready, with its address.
    fn up(&self) -> Result<(Up, String)> {
        let mut child =
            self.command(&["up", "--output", "json"]).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
        let stdout = child.stdout.take().context("no standard output")?;
        let up = Up(child);
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        let ready: Value =
            serde_json::from_str(&line).with_context(|| format!("not a ready line: {line:?}"))?;
        let url = ready.get("url").and_then(Value::as_str).context("no address")?.to_owned();
        Ok((up, url))
    }
}

/// A running program; killed where a test fails before it ends it.
struct Up(Child);

impl Up {
    /// Asks it to end, and waits.
    fn end(mut self) -> Result<Option<i32>> {
        Command::new("kill").args(["-TERM", &self.0.id().to_string()]).status()?;
        within(Duration::from_secs(20), "the program's end", || {
            Ok(self.0.try_wait()?.map(|status| status.code()))
        })
    }
}

impl Drop for Up {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn within<T>(limit: Duration, what: &str, mut look: impl FnMut() -> Result<Option<T>>) -> Result<T> {
    let end = Instant::now() + limit;
    loop {
        if let Some(found) = look()? {
            return Ok(found);
        }
        ensure!(Instant::now() < end, "{what}: not within {limit:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn at<'a>(value: &'a Value, path: &str) -> &'a Value {
    value.pointer(path).unwrap_or(&Value::Null)
}

#[test]
fn the_first_day() -> Result<()> {
    let site = Site::new()?;
    site.done(&["config", "check"])?;
    assert!(site.done(&["doctor"])?.ends_with("All is well.\n"));

    // Nothing is written by a preview, however often it is made.
    let mut anchor = String::new();
    for _ in 0..2 {
        let plan = site.json(&["sync", "preview", "--limit", "5"])?;
        assert_eq!(at(&plan, "/summary/counts/user/create"), 60);
        assert_eq!(at(&plan, "/summary/verdict/kind"), "pass");
        assert_eq!(at(&plan, "/items").as_array().map(Vec::len), Some(5));
        anchor = at(&plan, "/items/0/anchor").as_str().unwrap_or_default().to_owned();
    }
    let run = site.json(&["sync", "once"])?;
    assert_eq!(at(&run, "/counts/user/created"), 60);
    assert!(site.done(&["sync", "preview"])?.ends_with("Nothing to do: all is in step.\n"));
    let explain = || {
        let told = site.json(&["sync", "explain", &anchor])?;
        assert_eq!(at(&told, "/inCloud"), true);
        assert_eq!(at(&told, "/next/kind"), "nothing");
        assert!(at(&told, "/values").as_array().is_some_and(|values| values.len() > 5), "{told}");
        Ok::<_, anyhow::Error>(told)
    };
    // From the state while no client runs; from the client that runs afterwards.
    let told = explain()?;

    let (up, url) = site.up()?;
    let live = || {
        let status = site.json(&["status"])?;
        Ok((at(&status, "/sync/clientState") == "live").then_some(status))
    };
    let status = within(Duration::from_secs(30), "the sync client to follow live", live)?;
    assert_eq!(at(&status, "/objects/users"), 60);
    assert_eq!(at(&status, "/summary/state"), "attention", "the sample has known defects");
    assert!(site.done(&["verify", "--manifest", "manifest.json"])?.contains("in step"));
    assert_eq!(explain()?, told);
    let doctor = site.done(&["doctor"])?;
    for part in [
        "The tenant's database: 60 users",
        "The last run of synchronization: ",
        "Plans that wait for approval: none",
    ] {
        assert!(doctor.contains(part), "{doctor}");
    }

    site.done(&["user", "add", "Admin"])?;
    let link = site.json(&["user", "link", "admin"])?;
    let link = at(&link, "/url").as_str().unwrap_or_default().to_owned();
    assert!(link.starts_with(&format!("{url}/signin#")), "{link}");

    // A second client over the same state is refused, and says why.
    let second = site.run(&["sync", "once"])?;
    assert_eq!(second.status.code(), Some(1));
    let said = String::from_utf8_lossy(&second.stderr).into_owned();
    assert!(said.contains("in use by another sync client"), "{said}");

    assert_eq!(up.end()?, Some(0));
    let gone = site.run(&["status"])?;
    assert_eq!(gone.status.code(), Some(1));
    let said = String::from_utf8_lossy(&gone.stderr).into_owned();
    assert!(said.contains("no server runs over"), "{said}");
    Ok(())
}

#[test]
fn a_plan_that_deletes_much_waits_for_a_person() -> Result<()> {
    let site = Site::new()?;
    site.done(&["sync", "once"])?;
    // Every third person leaves the file.
    let people = std::fs::read_to_string(site.path("people.ldif"))?;
    let mut seen = 0;
    let is_kept = |entry: &&str| {
        let is_person = entry.contains("\nobjectClass: inetOrgPerson");
        seen += usize::from(is_person);
        !is_person || seen % 3 != 0
    };
    let fewer: Vec<&str> = people.split("\n\n").filter(is_kept).collect();
    std::fs::write(site.path("people.ldif"), fewer.join("\n\n"))?;

    site.ended(&["sync", "once"], 3)?;
    let preview = site.ended(&["sync", "preview", "--limit", "1"], 3)?;
    assert!(preview.contains("\nDELETE  user "), "{preview}");
    let digest = preview.rsplit(' ').next().unwrap_or_default().trim().to_owned();
    site.done(&["sync", "approve", &digest])?;
    let run = site.json(&["sync", "once"])?;
    assert_eq!(at(&run, "/counts/user/deleted"), 20);
    assert!(site.done(&["sync", "preview"])?.ends_with("Nothing to do: all is in step.\n"));
    Ok(())
}

#[test]
fn tokens_come_and_go() -> Result<()> {
    let site = Site::new()?;
    let token = site.json(&["token", "create", "bench", "--role", "admin"])?;
    assert!(at(&token, "/token").as_str().is_some_and(|text| text.starts_with("lkt_")));
    assert_eq!(site.run(&["token", "create", "bench", "--role", "reader"])?.status.code(), Some(1));
    let client = site.json(&["token", "create", "Sync_dc1", "--role", "sync-client", "--valid", "90d"])?;
    assert!(at(&client, "/client").is_string() && at(&client, "/expiresAt").is_string());
    let list = site.done(&["token", "list"])?;
    assert!(list.contains("bench") && list.contains("Sync_dc1") && !list.contains("lkt_"), "{list}");
    site.done(&["token", "revoke", "bench"])?;
    assert_eq!(site.run(&["token", "revoke", "bench"])?.status.code(), Some(1));
    assert_eq!(private(&site.path("lockstep-data/server"))?, 0o700);
    Ok(())
}

fn private(path: &Path) -> Result<u32> {
    use std::os::unix::fs::PermissionsExt;
    Ok(std::fs::metadata(path)?.permissions().mode() & 0o777)
}

#[test]
fn what_is_wrong_with_a_configuration_is_said_with_its_place() -> Result<()> {
    let site = Site::new()?;
    std::fs::write(site.path("lockstep.toml"), "[sync]\ncylce = \"10m\"\n")?;
    for command in [&["up"][..], &["config", "check"], &["sync", "once"], &["token", "list"]] {
        let output = site.run(command)?;
        assert_eq!(output.status.code(), Some(2), "{command:?}");
        let said = String::from_utf8(output.stderr)?;
        assert_eq!(
            said,
            "lockstep: lockstep.toml:2: sync.cylce: this key is not known; did you mean `cycle`?\n"
        );
    }
    assert_eq!(site.run(&["synk"])?.status.code(), Some(2));
    // The template is sound as it is printed.
    std::fs::write(site.path("lockstep.toml"), site.done(&["config", "init"])?)?;
    let output = site.run(&["config", "check"])?;
    assert_eq!(output.status.code(), Some(2), "the password's file is still to be made");
    assert!(String::from_utf8(output.stdout)?.contains("source.password cannot be read"));
    std::fs::write(site.path("source.password"), "secret")?;
    assert!(site.done(&["config", "check"])?.contains("chmod 600"));
    Ok(())
}

#[test]
fn rules_of_entra_connect_are_imported() -> Result<()> {
    let site = Site { folder: tempfile::tempdir()? };
    let export = r#"New-ADSyncRule `
-Name 'In from AD - User Title' `
-Direction 'Inbound' `
-Precedence 50 `
-SourceObjectType 'user' `
-TargetObjectType 'person' `
-LinkType 'Join' `
-EnablePasswordSync `
-OutVariable syncRule

Add-ADSyncAttributeFlowMapping `
-SynchronizationRule $syncRule[0] `
-Source @('title','contosoRole') `
-Destination 'title' `
-FlowType 'Expression' `
-ValueMergeType 'Update' `
-Expression 'IIF(IsPresent([contosoRole]), [contosoRole], [title])' `
-OutVariable syncRule

Add-ADSyncRule `
-SynchronizationRule $syncRule[0]
"#;
    std::fs::write(site.path("export.ps1"), export)?;
    let said = site.done(&["rules", "import", "export.ps1", "--out", "rules.toml"])?;
    ensure!(
        said.contains("1 rule with 1 flow in rules.toml; 4 remarks:") && said.contains("EnablePasswordSync"),
        "{said}"
    );
    site.done(&["rules", "check", "rules.toml"])?;
    let written = std::fs::read_to_string(site.path("rules.toml"))?;
    ensure!(
        written.contains("[attributes.contosoRole]") && written.contains("EnablePasswordSync"),
        "{written}"
    );
    // What is there is not overwritten.
    let again = site.run(&["rules", "import", "export.ps1", "--out", "rules.toml"])?;
    ensure!(again.status.code() == Some(1), "{again:?}");
    ensure!(String::from_utf8(again.stderr)?.contains("a file that is not there yet"));
    // To standard output the same text, and what is to be said beside it; JSON has all.
    let output = site.run(&["rules", "import", "export.ps1"])?;
    ensure!(
        String::from_utf8(output.stdout)? == written
            && String::from_utf8(output.stderr)?.contains("remarks:")
    );
    let report = site.json(&["rules", "import", "export.ps1"])?;
    ensure!(
        report["rules"] == 1 && report["toml"] == written && report["remarks"][0]["kind"] == "left-out",
        "{report}"
    );
    // A folder of exports.
    std::fs::create_dir_all(site.path("exports/inner"))?;
    std::fs::write(site.path("exports/inner/a.ps1"), export)?;
    std::fs::write(site.path("exports/b.json"), "{\"Direction\"")?;
    std::fs::write(site.path("exports/c.xml"), "<x/>")?;
    let report = site.json(&["rules", "import", "exports"])?;
    ensure!(report["rules"] == 1 && report["remarks"].to_string().contains("the file b.json"), "{report}");
    let refused = site.run(&["rules", "import", "rules.toml"])?;
    ensure!(String::from_utf8(refused.stderr)?.contains("no synchronization rule that can be carried"));
    Ok(())
}

#[test]
fn rules_are_checked_and_tested() -> Result<()> {
    let site = Site { folder: tempfile::tempdir()? };
    ensure!(site.done(&["rules", "check"])?.contains("openldap.toml is sound"));
    let tested = site.json(&["rules", "test"])?;
    ensure!(tested["ok"] == true && tested["failed"] == 0, "{tested}");
    let rules = site.done(&["rules", "show"])?;
    std::fs::write(site.path("rules.toml"), &rules)?;
    site.done(&["rules", "test", "rules.toml"])?;
    // One expectation is changed: one case fails, and says how.
    std::fs::write(site.path("rules.toml"), rules.replace("jobTitle = \"Clerk\"", "jobTitle = \"Chief\""))?;
    let text = site.ended(&["rules", "test", "rules.toml"], 1)?;
    ensure!(text.contains("jobTitle: expected \"Chief\", found \"Clerk\""), "{text}");
    ensure!(text.contains("1 failed"), "{text}");
    std::fs::write(site.path("rules.toml"), rules.replace("direct = \"manager\"", "direct = \"manger\""))?;
    let text = site.ended(&["rules", "check", "rules.toml"], 1)?;
    ensure!(text.contains("did you mean \"manager\"?") && text.contains("is refused"), "{text}");
    let rules = site.done(&["rules", "show", "--set", "active-directory"])?;
    std::fs::write(site.path("rules.toml"), &rules)?;
    site.done(&["rules", "test", "rules.toml"])?;
    ensure!(site.done(&["rules", "check", "--set", "active-directory"])?.contains("is sound"));
    let schema: Value = serde_json::from_str(&site.done(&["rules", "schema"])?)?;
    ensure!(schema["properties"]["rule"].is_object(), "{schema}");
    Ok(())
}

/// Every change to this person: when, from what to what, by which rule, in which run; for people and as a file.
#[test]
fn the_history_says_what_became_of_a_person() -> Result<()> {
    let site = Site::new()?;
    let first = site.json(&["sync", "once"])?;
    let people = std::fs::read_to_string(site.path("people.ldif"))?;
    let person = people
        .split("\n\n")
        .find(|entry| entry.contains("\nmail: ") && entry.contains("\ntitle: "))
        .context("a person with a title")?;
    let value = |name: &str| person.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
    let (mail, title) = (value("mail: "), value("title: "));
    let promoted = person.replace(&format!("\ntitle: {title}"), "\ntitle: =Chief");
    std::fs::write(site.path("people.ldif"), people.replace(person, &promoted))?;
    let second = site.json(&["sync", "once"])?;

    let (up, _) = site.up()?;
    let found = site.json(&["history", "--object", mail])?;
    let rows = at(&found, "/value").as_array().context("a list")?;
    ensure!(rows.len() == 2, "{found}");
    let change = serde_json::json!([{"property": "jobTitle", "before": title, "after": "=Chief", "rule": "jobTitle <- title"}]);
    assert_eq!((at(&found, "/value/0/changes"), at(&found, "/value/0/run")), (&change, at(&second, "/id")));
    assert_eq!(
        (at(&found, "/value/1/outcome"), at(&found, "/value/1/run")),
        (&"created".into(), at(&first, "/id"))
    );
    let text = site.done(&["history", "--property", "jobTitle", "--since", "1h"])?;
    ensure!(text.contains(&format!("    jobTitle: {title} -> =Chief  [jobTitle <- title]\n")), "{text}");
    let run = at(&first, "/id").as_str().context("an id")?;
    let lines = site.done(&["history", "--run", run, "--export", "jsonl"])?;
    ensure!(lines.lines().count() > 60, "{lines}");
    let csv = site.done(&["history", "--rule", "<- title", "--export", "csv"])?;
    ensure!(csv.contains(",'=Chief,jobTitle <- title,"), "{csv}");
    let nobody = site.run(&["history", "--object", "nobody"])?;
    assert_eq!(nobody.status.code(), Some(1));
    assert_eq!(up.end()?, Some(0));
    Ok(())
}
