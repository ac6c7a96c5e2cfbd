//! Configurations in, errors out: the texts are what an admin reads, so they are compared whole.

use super::*;
use std::ffi::OsString;
use std::path::Path;

fn environment(variables: &[(&str, &str)]) -> Vec<(OsString, OsString)> {
    variables.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect()
}

/// The errors of a configuration, with the folder cut from the paths.
fn errors(files: &[(&str, &str)], variables: &[(&str, &str)]) -> String {
    let folder = tempfile::tempdir().unwrap();
    match load_in(folder.path(), files, variables) {
        Ok(_) => "sound".into(),
        Err(problems) => problems.to_string().replace(&format!("{}/", folder.path().display()), ""),
    }
}

fn load_in(folder: &Path, files: &[(&str, &str)], variables: &[(&str, &str)]) -> Result<Loaded, Problems> {
    for (name, text) in files {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    load(Some(&folder.join("lockstep.toml")), environment(variables))
}

#[test]
fn layers_are_joined_and_the_last_one_wins() {
    let folder = tempfile::tempdir().unwrap();
    let files = [
        ("lockstep.toml", "[sync]\ncycle = \"10m\"\nsettle = \"1s\"\n[source]\nexclude = [\"ou=a,dc=x\"]\n"),
        ("conf.d/10-guard.toml", "[sync.guard]\npercent = 20\n"),
        ("conf.d/20-more.toml", "[sync]\nsettle = \"3s\"\n[source]\nexclude = [\"ou=b,dc=x\"]\n"),
        ("conf.d/readme.txt", "no configuration"),
    ];
    let variables = [
        ("LOCKSTEP__SYNC__GUARD__COUNT", "7"),
        ("LOCKSTEP__SOURCE__BASE_DN", "dc=x"),
        ("LOCKSTEP__SOURCE__ALLOW_PLAINTEXT_BIND", "true"),
        ("LOCKSTEP__TENANT__DOMAINS", "[{ name = \"contoso.com\", verified = true }]"),
        ("LOCKSTEP_LOG", "not a key"),
    ];
    let config = load_in(folder.path(), &files, &variables).unwrap().config;
    assert_eq!(config.sync.cycle, Period::minutes(10));
    assert_eq!(config.sync.settle, Period::seconds(3));
    assert_eq!(config.sync.guard, Guard { count: 7, percent: 20, ..Guard::default() });
    assert_eq!(config.source.exclude, ["ou=b,dc=x"]);
    assert_eq!(config.source.base_dn.as_deref(), Some("dc=x"));
    assert!(config.source.allow_plaintext_bind);
    assert_eq!(config.tenant.domains, [Domain { name: "contoso.com".into(), verified: true }]);
    assert_eq!(config.server.data_dir, folder.path().join("lockstep-data/server"), "from the file's folder");
}

#[test]
fn nothing_configured_is_the_default() {
    let loaded = load(None, environment(&[])).unwrap();
    assert_eq!(loaded.config, Config::default());
    insta::assert_snapshot!(loaded.require_source().unwrap_err(), @r#"
    the configuration has 2 errors:
      source.url: is not set; write the directory's address, `url = "ldap://host"`
      source.base_dn: is not set; write where to start, `base_dn = "dc=contoso,dc=com"`
    "#);
}

#[test]
fn errors_name_the_place_the_key_and_the_next_step() {
    let check = |text: &str| errors(&[("lockstep.toml", text)], &[]);
    insta::assert_snapshot!(check("[sync]\n\ncylce = \"30m\"\n"), @"lockstep.toml:3: sync.cylce: this key is not known; did you mean `cycle`?");
    insta::assert_snapshot!(check("[sync]\nfrobnicate = 1\n"), @"lockstep.toml:2: sync.frobnicate: this key is not known; known here: ca_file, cycle, full_read, guard, left_scope, maintenance, server, settle, stale_after, standby, state_dir, token_file");
    insta::assert_snapshot!(check("[snyc]\n"), @"lockstep.toml:1: snyc: this key is not known; did you mean `sync`?");
    insta::assert_snapshot!(check("[sync]\ncycle = 30\n"), @r#"lockstep.toml:2: sync.cycle: 30 is not of the right type; write a duration such as "30m""#);
    insta::assert_snapshot!(check("[sync]\ncycle = \"30 minutes\"\n"), @r#"lockstep.toml:2: sync.cycle: "30 minutes" is no duration; a duration has numbers with units (d, h, m, s, ms), such as "30m", "3d" or "1h30m""#);
    insta::assert_snapshot!(check("[sync.guard]\npercent = 101\n"), @"lockstep.toml:2: sync.guard.percent: 101 is out of range; write a number from 0 to 100");
    insta::assert_snapshot!(check("[source]\nkind = \"ad\"\n"), @r#"lockstep.toml:2: source.kind: "ad" is not known; write one of "openldap", "ldif""#);
    insta::assert_snapshot!(check("[source]\nallow_plaintext_bind = \"yes\"\n"), @r#"lockstep.toml:2: source.allow_plaintext_bind: "yes" is not of the right type; write true or false without quotes"#);
    insta::assert_snapshot!(check("[tenant]\ndomains = [\n  { name = \"a.com\" },\n  { nmae = \"b.com\" },\n]\n"), @r"
    the configuration has 2 errors:
      lockstep.toml:4: tenant.domains[1]: `name` is missing; add it
      lockstep.toml:4: tenant.domains[1].nmae: this key is not known; did you mean `name`?
    ");
    insta::assert_snapshot!(check("[sync\n"), @"lockstep.toml:1: unclosed table, expected `]`; correct the TOML syntax");
    insta::assert_snapshot!(check("sync = 1\n"), @"lockstep.toml:1: sync: 1 is not of the right type; write a section");
}

#[test]
fn combinations_that_cannot_work_are_told() {
    let check = |text: &str| errors(&[("lockstep.toml", text)], &[]);
    insta::assert_snapshot!(check("[server]\nlisten = \"0.0.0.0:80\"\n"), @"lockstep.toml:2: server.listen: plain HTTP on 0.0.0.0:80 would carry passwords and tokens readable over the network; set `tls_cert_file` and `tls_key_file`; or, behind a proxy that does TLS, `allow_plaintext = true`");
    assert_eq!(check("[server]\nlisten = \"0.0.0.0:80\"\nallow_plaintext = true\n"), "sound");
    assert_eq!(check("[server]\nlisten = \"[::1]:80\"\n"), "sound");
    insta::assert_snapshot!(check("[server]\npublic_url = \"https://x.org\"\ntls_cert_file = \"a.pem\"\n"), @"lockstep.toml:3: server.tls_cert_file: is set without `tls_key_file`; set both, or neither");
    insta::assert_snapshot!(check("[sync]\nserver = \"http://directory.contoso.com\"\n"), @"lockstep.toml:2: sync.server: plain HTTP to directory.contoso.com would carry the token readable over the network; write the server's https:// address");
    insta::assert_snapshot!(check("[source]\nurl = \"ldaps://dc1\"\ntls = \"starttls\"\n"), @"lockstep.toml:3: source.tls: contradicts the ldaps:// address; remove `tls`, or write an ldap:// address");
    insta::assert_snapshot!(check("[source]\nbase_dn = \"contoso\"\n"), @r#"lockstep.toml:2: source.base_dn: "contoso" is no distinguished name (expected `=` at byte 7); write it as the directory shows it"#);
    insta::assert_snapshot!(check("[source]\nexclude = [\"dc=x\", \"ou\"]\n"), @r#"lockstep.toml:2: source.exclude[1]: "ou" is no distinguished name (expected `=` at byte 2); write it as the directory shows it"#);
    insta::assert_snapshot!(check("[mapping]\nuser_name_attribute = \"userPassword\"\n"), @"lockstep.toml:2: mapping.user_name_attribute: `userPassword` is never read; write another attribute");
    let database = |text: &str| check(&format!("[server.database]\n{text}\n"));
    assert_eq!(database("url = \"postgresql://lockstep@db:5432/lockstep\""), "sound");
    insta::assert_snapshot!(database("url = \"postgresql://lockstep:secret@db/lockstep\""), @"lockstep.toml:2: server.database.url: holds a password; write the password into a file of its own, and its path as `password_file`");
    insta::assert_snapshot!(database("url = \"mysql://db/lockstep\""), @r#"lockstep.toml:2: server.database.url: is no address of a PostgreSQL database; write one such as "postgresql://user@host:5432/database""#);
    insta::assert_snapshot!(database("password_file = \"p\""), @r#"lockstep.toml:2: server.database.password_file: is set without `url`; write whose password it is, `url = "postgresql://user@host:5432/database"`"#);
    assert!(database("connections = 1").contains("server.database.connections"));
    let replicas =
        |text: &str| database(&format!("url = \"postgresql://lockstep@db/lockstep\"\nread_urls = {text}"));
    assert_eq!(replicas("[\"postgresql://lockstep@replica/lockstep\"]"), "sound");
    assert!(
        replicas("[\"postgresql://a@b/c\", \"postgresql://a:b@c/d\"]")
            .contains("read_urls[1]: holds a password")
    );
    assert!(database("read_urls = [\"postgresql://a@b/c\"]").contains("read_urls: is set without `url`"));
    insta::assert_snapshot!(check("[tenant]\ninitial_domain = \"contoso\"\n"), @r#"lockstep.toml:2: tenant.initial_domain: "contoso" is no domain name; write a DNS name such as "contoso.com""#);
}

#[test]
fn each_layer_is_named_in_its_errors() {
    let files = [("lockstep.toml", "[sync]\ncycle = \"10m\"\n"), ("conf.d/a.toml", "\n[sync]\ncycle = 5\n")];
    insta::assert_snapshot!(errors(&files, &[]), @r#"conf.d/a.toml:3: sync.cycle: 5 is not of the right type; write a duration such as "30m""#);
    let variables = [
        ("LOCKSTEP__SYNC__CYCLE", "soon"),
        ("LOCKSTEP__SYNC__GARD__COUNT", "1"),
        ("LOCKSTEP__SYNC__GUARD__COUNT", "many"),
    ];
    insta::assert_snapshot!(errors(&files[..1], &variables), @r#"
    the configuration has 3 errors:
      LOCKSTEP__SYNC__CYCLE: sync.cycle: "soon" is no duration; a duration has numbers with units (d, h, m, s, ms), such as "30m", "3d" or "1h30m"
      LOCKSTEP__SYNC__GARD__COUNT: sync.gard: this key is not known; did you mean `guard`?
      LOCKSTEP__SYNC__GUARD__COUNT: sync.guard.count: "many" is not of the right type; write a whole number without quotes
    "#);
}

#[test]
fn a_missing_file_is_told() {
    assert_eq!(
        errors(&[], &[]),
        "lockstep.toml: cannot be read (No such file or directory (os error 2)); check the path and its rights"
    );
}

#[test]
fn the_template_reads_and_has_every_key() {
    let config = errors(&[("lockstep.toml", TEMPLATE)], &[]);
    assert_eq!(config, "sound");
    // With every commented key in force, the walk along the schema finds nothing wrong and nothing missing.
    let key = |line: &str| {
        line.strip_prefix("# ")
            .is_some_and(|rest| rest.split_once(" = ").is_some_and(|(k, _)| !k.contains(' ')))
    };
    let all: String = TEMPLATE
        .lines()
        .map(|line| if key(line) { &line[2..] } else { line })
        .map(|line| format!("{line}\n"))
        .collect();
    let table: toml::Table = toml::from_str(&all).unwrap();
    let schema = schema::schema();
    let mut problems = Vec::new();
    schema::check(&toml::Value::Table(table.clone()), &schema, "", &|_| None, &mut problems);
    assert_eq!(problems, []);
    for (section, schema) in schema["properties"].as_object().unwrap() {
        // A list of sections (`further_source`) has the keys of another one.
        let Some(keys) = schema["properties"].as_object() else { continue };
        for key in keys.keys() {
            assert!(table[section].get(key).is_some(), "[{section}] {key} is not in the template");
        }
    }
    // What stands behind a `#` as the default is the default.
    let defaults = toml::Value::try_from(Config::default()).unwrap();
    for (section, held) in defaults.as_table().unwrap() {
        for (key, default) in held.as_table().into_iter().flatten() {
            let set_in_template = TEMPLATE.lines().any(|line| line.starts_with(&format!("{key} =")));
            if !set_in_template && !default.is_table() && !default.as_array().is_some_and(Vec::is_empty) {
                assert_eq!(&table[section][key], default, "[{section}] {key}");
            }
        }
    }
}

/// What is generated and committed is what the program makes now. `LOCKSTEP_BLESS=1` writes it.
#[test]
fn the_committed_schema_and_reference_are_up_to_date() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/src/reference");
    for (name, text) in [("lockstep.schema.json", schema_text()), ("configuration.md", schema::reference())] {
        let path = folder.join(name);
        if std::env::var_os("LOCKSTEP_BLESS").is_some() {
            std::fs::write(&path, &text).unwrap();
        }
        let committed = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            committed == text,
            "docs/src/reference/{name} is out of date: run `LOCKSTEP_BLESS=1 cargo nextest run -p lockstep reference`"
        );
    }
}

#[test]
fn maintenance_windows_are_read_and_refused_in_words() {
    let check = |text: &str| errors(&[("lockstep.toml", text)], &[]);
    let window = |line: &str| check(&format!("[[sync.maintenance]]\n{line}\n"));
    assert_eq!(
        window("days = [\"sat\", \"sun\"]\nfrom = \"22:00\"\nto = \"06:00\"\ntime_zone = \"Europe/Zurich\""),
        "sound"
    );
    for (line, expect) in [
        ("from = \"22:00\"\nto = \"6:00\"", "\"6:00\" is no time of day"),
        ("from = \"24:00\"\nto = \"06:00\"", "\"24:00\" is no time of day"),
        ("from = \"06:00\"\nto = \"06:00\"", "it begins and ends at 06:00"),
        ("from = \"22:00\"\nto = \"06:00\"\ntime_zone = \"Zurich\"", "\"Zurich\" is no time zone"),
        ("days = [\"someday\"]\nfrom = \"22:00\"\nto = \"06:00\"", "is not known"),
        ("from = \"22:00\"", "`to` is missing"),
    ] {
        let found = window(line);
        assert!(found.contains(expect) && found.contains("sync.maintenance"), "{line}: {found}");
    }
    assert!(check("[sync]\nfull_read = \"5s\"\n").contains("would read the directory all the time"));
    assert_eq!(check("[sync]\nfull_read = \"0s\"\n"), "sound");
    assert!(check("[server.history]\nkeep = \"1h\"\n").contains("server.history.keep"));
    assert!(check("[server.dns]\nresolvers = [\"localhost\"]\n").contains("is no IP address"));
    assert!(check("[server.dns]\ntimeout = \"1m\"\n").contains("server.dns.timeout"));
    assert_eq!(check("[server.dns]\nresolvers = [\"::1\", \"192.0.2.1:5353\"]\n"), "sound");
    assert!(check("[server.history]\nmax_megabytes = 0\n").contains("server.history.max_megabytes"));
}
