//! Tables: entries in, findings out. The examples are those of the preparation page and of IdFix's list of errors,
//! where they have some.

use super::*;
use proptest::prelude::*;

type Entry<'a> = (&'a str, &'a [(&'a str, &'a str)]);

fn attributes(list: &[(&str, &str)]) -> Attributes {
    let mut all = Attributes::new();
    for (name, value) in list {
        all.add(AttributeName::new(name), [value.as_bytes().to_vec()]);
    }
    all
}

fn run(settings: &PrecheckSettings, entries: &[Entry<'_>]) -> (Vec<Finding>, PrecheckSummary) {
    let entries: Vec<_> = entries.iter().map(|(dn, list)| (*dn, attributes(list))).collect();
    let mut values = Values::new();
    for (dn, attributes) in &entries {
        values.entry(settings, dn, attributes);
    }
    let mut check = Precheck::new(settings.clone(), values.finish());
    let mut findings = Vec::new();
    for (dn, attributes) in &entries {
        check.entry(dn, attributes, &mut |finding| findings.push(finding));
    }
    let summary = check.finish(&mut |finding| findings.push(finding));
    assert_eq!(summary.findings, findings.len() as u64);
    (findings, summary)
}

/// `attribute "value": rule, rule => action "new" (safe)`
fn told(finding: &Finding) -> String {
    let rules: Vec<_> = finding.problems.iter().map(|problem| problem.rule.as_str()).collect();
    let change = match &finding.change {
        Change::Edit { value } => format!("edit {value:?}"),
        other => other.as_str().to_owned(),
    };
    let safe = if finding.safe { " safe" } else { "" };
    format!("{} => {change}{safe}", rules.join(" "))
}

/// One value of an otherwise sound user of Active Directory.
fn of_value(settings: &PrecheckSettings, attribute: &str, value: &str) -> Vec<String> {
    let mut list = vec![("objectClass", "user"), ("cn", "Ann Lee")];
    if !attribute.eq_ignore_ascii_case("userPrincipalName") && attribute != "sAMAccountName" {
        list.push(("userPrincipalName", "ann@contoso.com"));
    }
    list.push((attribute, value));
    let (findings, _) = run(settings, &[("cn=Ann Lee,dc=contoso,dc=com", &list)]);
    findings
        .iter()
        .filter(|finding| finding.attribute.eq_ignore_ascii_case(attribute) && !finding.value.is_empty())
        .map(told)
        .collect()
}

fn check(settings: &PrecheckSettings, cases: &[(&str, &str, &str)]) {
    for (attribute, value, expect) in cases {
        let found = of_value(settings, attribute, value);
        let expect: Vec<String> = if expect.is_empty() { Vec::new() } else { vec![(*expect).to_owned()] };
        assert_eq!(found, expect, "{attribute}: {value:?}");
    }
}

#[test]
fn names() {
    let long = "x".repeat(257);
    let cut = format!("displayName.length => edit {:?}", "x".repeat(256));
    let first = "y".repeat(65);
    let cut_first = format!("givenName.length => edit {:?}", "y".repeat(64));
    check(
        &PrecheckSettings::default(),
        &[
            ("displayName", "Ann Lee", ""),
            // Only the dedicated service minds them.
            ("displayName", " Ann Lee ", ""),
            ("displayName", " ", "displayName.blank => edit \"Ann Lee\" safe"),
            ("displayName", &"x".repeat(256), ""),
            ("displayName", &long, &cut),
            ("givenName", &"y".repeat(64), ""),
            ("givenName", &first, &cut_first),
            // Not looked at.
            ("sn", &long, ""),
        ],
    );
    check(
        &PrecheckSettings { dedicated: true, ..PrecheckSettings::default() },
        &[("displayName", " Ann Lee ", "displayName.ends => edit \"Ann Lee\" safe")],
    );
}

#[test]
fn mail_and_alias() {
    let long = "n".repeat(65);
    let cut = format!("mailNickname.length => edit {:?}", "n".repeat(64));
    check(
        &PrecheckSettings::default(),
        &[
            ("mail", "ann@contoso.com", ""),
            // No characters are checked: the addresses are.
            ("mail", "ann lee@contoso", ""),
            ("mail", &format!("{}@contoso.com", "m".repeat(250)), "mail.length => none"),
            ("mailNickname", "ann.lee", ""),
            ("mailNickname", ".ann", "mailNickname.dot => edit \"ann\" safe"),
            ("mailNickname", "...", "mailNickname.dot => none"),
            ("mailNickname", "ann.", ""),
            ("mailNickname", "ann lee", "mailNickname.replaced => edit \"ann_lee\""),
            ("mailNickname", &long, &cut),
        ],
    );
    check(
        &PrecheckSettings { dedicated: true, ..PrecheckSettings::default() },
        &[
            ("mail", " ann@contoso.com ", "mail.whitespace => edit \"ann@contoso.com\" safe"),
            ("mail", "ann lee@contoso.com", "mail.whitespace => edit \"annlee@contoso.com\""),
            ("mailNickname", " ", "mailNickname.blank mailNickname.character => none"),
            ("mailNickname", "ann.", "mailNickname.end => edit \"ann\" safe"),
            ("mailNickname", "ann!lee", "mailNickname.character => edit \"annlee\""),
        ],
    );
}

#[test]
fn addresses() {
    let long = format!("smtp:{}@contoso.com", "a".repeat(250));
    check(
        &PrecheckSettings::default(),
        &[
            ("proxyAddresses", "SMTP:ann@contoso.com", ""),
            ("proxyAddresses", "smtp:o'hara+x@contoso.co.uk", ""),
            (
                "proxyAddresses",
                "smtp:ann@contoso.com ",
                "proxyAddresses.character proxyAddresses.format => edit \"smtp:ann@contoso.com\" safe",
            ),
            (
                "proxyAddresses",
                "smtp:<ann@contoso.com>",
                "proxyAddresses.character proxyAddresses.format => edit \"smtp:ann@contoso.com\" safe",
            ),
            (
                "proxyAddresses",
                "smtp:ann lee@contoso.com",
                "proxyAddresses.character proxyAddresses.format => edit \"smtp:annlee@contoso.com\"",
            ),
            (
                "proxyAddresses",
                "smtp:ann;lee@contoso.com",
                "proxyAddresses.character proxyAddresses.format => edit \"smtp:annlee@contoso.com\"",
            ),
            (
                "proxyAddresses",
                "smtp:a:nn@contoso.com",
                "proxyAddresses.colon proxyAddresses.format => edit \"smtp:ann@contoso.com\"",
            ),
            (
                "proxyAddresses",
                "smtp:zoë@contoso.com",
                "proxyAddresses.diacritics proxyAddresses.format => edit \"smtp:zoe@contoso.com\"",
            ),
            (
                "proxyAddresses",
                "smtp:ann..lee.@contoso.com",
                "proxyAddresses.format => edit \"smtp:ann.lee@contoso.com\"",
            ),
            ("proxyAddresses", "smtp:ann", "proxyAddresses.format => none"),
            ("proxyAddresses", "smtp:ann@lee@contoso.com", "proxyAddresses.format => none"),
            ("proxyAddresses", "smtp:ann@contoso.local", "proxyAddresses.topLevelDomain => none"),
            ("proxyAddresses", "smtp:ann@contoso", "proxyAddresses.topLevelDomain => none"),
            ("proxyAddresses", &long, "proxyAddresses.length => none"),
            // Of X500 only line breaks, tabs, brackets and quotes; of others all but the semicolon.
            ("proxyAddresses", "X500:/o=Contoso Ltd;ou=x/cn=Ann (Lee)", ""),
            (
                "proxyAddresses",
                "X500:/o=Contoso/cn=Ann[Lee]",
                "proxyAddresses.character => edit \"X500:/o=Contoso/cn=AnnLee\"",
            ),
            ("proxyAddresses", "sip:ann;lee@contoso.com", ""),
            (
                "proxyAddresses",
                "sip:ann,lee@contoso.com",
                "proxyAddresses.character => edit \"sip:annlee@contoso.com\"",
            ),
            ("targetAddress", "SMTP:ann@fabrikam.com", ""),
            (
                "targetAddress",
                "SMTP:ann\\lee@fabrikam.com",
                "targetAddress.character targetAddress.format => edit \"SMTP:annlee@fabrikam.com\"",
            ),
            (
                "targetAddress",
                "SMTP:ann:lee@fabrikam.com",
                "targetAddress.colon targetAddress.format => edit \"SMTP:annlee@fabrikam.com\"",
            ),
            ("targetAddress", "SMTP:ann@fabrikam.lan", "targetAddress.topLevelDomain => none"),
            ("targetAddress", "SMTP:ann", "targetAddress.format => none"),
            (
                "targetAddress",
                "SMTP:jörg@fabrikam.com",
                "targetAddress.diacritics targetAddress.format => edit \"SMTP:jorg@fabrikam.com\"",
            ),
            ("targetAddress", &long, "targetAddress.length => none"),
        ],
    );
    let dedicated = PrecheckSettings { dedicated: true, ..PrecheckSettings::default() };
    let list = [
        ("objectClass", "user"),
        ("userPrincipalName", "ann@contoso.com"),
        ("mail", "ann@contoso.com"),
        ("targetAddress", "SMTP:bob@contoso.com"),
    ];
    let (findings, _) = run(&dedicated, &[("cn=Ann,dc=x", &list)]);
    assert_eq!(
        findings.iter().map(told).collect::<Vec<_>>(),
        ["targetAddress.mailMatch => edit \"SMTP:ann@contoso.com\""]
    );
}

#[test]
fn sign_in_names() {
    let local = format!("{}@contoso.com", "l".repeat(65));
    let domain = format!("ann@{}.com", "d".repeat(45));
    let long = format!("{}@{}.com", "l".repeat(64), "d".repeat(45));
    check(
        &PrecheckSettings::default(),
        &[
            ("userPrincipalName", "ann.lee@contoso.com", ""),
            ("userPrincipalName", "o'hara_x-y!#^~@contoso.com", ""),
            (
                "userPrincipalName",
                "ann lee@contoso.com",
                "userPrincipalName.character => edit \"annlee@contoso.com\"",
            ),
            (
                "userPrincipalName",
                "ann@contoso.com ",
                "userPrincipalName.character userPrincipalName.domainPart => edit \"ann@contoso.com\" safe",
            ),
            (
                "userPrincipalName",
                "a\\%&*+/=?{}|<>();:,[]\"b@contoso.com",
                "userPrincipalName.character => edit \"ab@contoso.com\"",
            ),
            (
                "userPrincipalName",
                "jörg@contoso.com",
                "userPrincipalName.diacritics => edit \"jorg@contoso.com\"",
            ),
            ("userPrincipalName", "李@contoso.com", "userPrincipalName.diacritics => none"),
            (
                "userPrincipalName",
                "a$b@contoso.com",
                "userPrincipalName.unexpected => edit \"ab@contoso.com\"",
            ),
            ("userPrincipalName", "ann", "userPrincipalName.format => none"),
            ("userPrincipalName", "@contoso.com", "userPrincipalName.format => none"),
            ("userPrincipalName", "ann@lee@contoso.com", "userPrincipalName.format => none"),
            (
                "userPrincipalName",
                "ann.@contoso.com",
                "userPrincipalName.localPart => edit \"ann@contoso.com\"",
            ),
            (
                "userPrincipalName",
                "a..nn@contoso.com",
                "userPrincipalName.localPart => edit \"a.nn@contoso.com\"",
            ),
            (
                "userPrincipalName",
                "ann&@contoso.com",
                "userPrincipalName.character userPrincipalName.localPart => edit \"ann@contoso.com\"",
            ),
            (
                "userPrincipalName",
                "ann@contoso..com",
                "userPrincipalName.domainPart => edit \"ann@contoso.com\"",
            ),
            ("userPrincipalName", "ann@contoso.local", "userPrincipalName.topLevelDomain => none"),
            ("userPrincipalName", &local, "userPrincipalName.localLength => none"),
            ("userPrincipalName", &domain, "userPrincipalName.domainLength => none"),
            ("userPrincipalName", &long, "userPrincipalName.length userPrincipalName.domainLength => none"),
        ],
    );
    let domain = PrecheckSettings { domain: Some("contoso.com".into()), ..PrecheckSettings::default() };
    check(
        &domain,
        &[
            (
                "userPrincipalName",
                "ann@contoso.local",
                "userPrincipalName.topLevelDomain => edit \"ann@contoso.com\"",
            ),
            (
                "userPrincipalName",
                "ann lee@contoso",
                "userPrincipalName.character userPrincipalName.topLevelDomain => edit \"annlee@contoso.com\"",
            ),
        ],
    );
    let alternate = PrecheckSettings { alternate_login: true, ..PrecheckSettings::default() };
    check(&alternate, &[("userPrincipalName", "ann lee", "")]);
}

#[test]
fn account_names_matter_most_where_there_is_no_sign_in_name() {
    check(
        &PrecheckSettings::default(),
        &[
            ("sAMAccountName", "ann", ""),
            ("sAMAccountName", "a\"[]:;|=+*?<>/\\,b", "sAMAccountName.character => edit \"ab\""),
            ("sAMAccountName", "o'hara", "sAMAccountName.apostrophe => edit \"ohara\""),
            ("sAMAccountName", &"s".repeat(21), "sAMAccountName.length => none"),
        ],
    );
    let bad = "s".repeat(21);
    for (name, class, severity) in [
        ("", "user", Some(Severity::Error)),
        ("ann@contoso.com", "user", Some(Severity::Warning)),
        ("ann", "user", Some(Severity::Error)),
        ("", "group", None),
    ] {
        let mut list = vec![("objectClass", class), ("sAMAccountName", bad.as_str())];
        if !name.is_empty() {
            list.push(("userPrincipalName", name));
        }
        let (findings, _) = run(&PrecheckSettings::default(), &[("cn=Ann,dc=x", &list)]);
        let found = findings.iter().find(|finding| finding.attribute == "sAMAccountName");
        assert_eq!(found.map(Finding::severity), severity, "{name:?} {class}");
    }
    // Neither a sign-in name nor a good account name.
    let blank = |list: &[(&str, &str)]| {
        let (findings, _) = run(&PrecheckSettings::default(), &[("cn=Ann,dc=x", list)]);
        findings.iter().any(|finding| finding.problems[0].rule == "userPrincipalName.blank")
    };
    assert!(blank(&[("objectClass", "user")]));
    assert!(blank(&[("objectClass", "user"), ("userPrincipalName", " ")]));
    assert!(blank(&[("objectClass", "user"), ("sAMAccountName", "a/b")]));
    assert!(!blank(&[("objectClass", "user"), ("sAMAccountName", "ann")]));
    assert!(!blank(&[("objectClass", "contact")]));
}

#[test]
fn duplicates_are_found_across_users_groups_and_contacts() {
    let ann: Entry<'_> = (
        "cn=Ann,dc=x",
        &[
            ("objectClass", "user"),
            ("userPrincipalName", "ann@contoso.com"),
            ("mail", "Team@contoso.com"),
            ("mailNickname", "team"),
            ("proxyAddresses", "SMTP:team@contoso.com"),
        ],
    );
    let team: Entry<'_> = (
        "cn=Team,dc=x",
        &[
            ("objectClass", "group"),
            ("mail", "team@contoso.com"),
            ("mailNickname", "Team"),
            ("proxyAddresses", "smtp:TEAM@contoso.com"),
        ],
    );
    // Nobody writes to it: a further address only.
    let old: Entry<'_> = (
        "cn=Old,dc=x",
        &[
            ("objectClass", "user"),
            ("userPrincipalName", "ANN@contoso.com"),
            ("proxyAddresses", "smtp:old@contoso.com"),
        ],
    );
    let keeper: Entry<'_> = (
        "cn=New,dc=x",
        &[
            ("objectClass", "contact"),
            ("mail", "new@contoso.com"),
            ("proxyAddresses", "smtp:old@contoso.com"),
        ],
    );
    let (findings, summary) = run(&PrecheckSettings::default(), &[ann, team, old, keeper]);
    let mut all: Vec<String> = findings
        .iter()
        .map(|it| format!("{} {} {} <> {}", it.dn, it.value, told(it), it.others.join(",")))
        .collect();
    all.sort();
    assert_eq!(
        all,
        [
            "cn=Ann,dc=x SMTP:team@contoso.com proxyAddresses.duplicate => none <> cn=Team,dc=x",
            "cn=Ann,dc=x Team@contoso.com mail.duplicate => none <> cn=Team,dc=x",
            "cn=Ann,dc=x ann@contoso.com userPrincipalName.duplicate => none <> cn=Old,dc=x",
            "cn=Ann,dc=x team mailNickname.duplicate => none <> cn=Team,dc=x",
            "cn=New,dc=x smtp:old@contoso.com proxyAddresses.duplicate => keep <> cn=Old,dc=x",
            "cn=Old,dc=x ANN@contoso.com userPrincipalName.duplicate => none <> cn=Ann,dc=x",
            "cn=Old,dc=x smtp:old@contoso.com proxyAddresses.duplicate => remove <> cn=New,dc=x",
            "cn=Team,dc=x Team mailNickname.duplicate => none <> cn=Ann,dc=x",
            "cn=Team,dc=x smtp:TEAM@contoso.com proxyAddresses.duplicate => none <> cn=Ann,dc=x",
            "cn=Team,dc=x team@contoso.com mail.duplicate => none <> cn=Ann,dc=x",
        ]
    );
    assert_eq!((summary.checked, summary.errors, summary.proposed), (4, 10, 1));
}

#[test]
fn account_names_are_compared_without_a_sign_in_name_only() {
    let of = |name: &'static str| -> Vec<(&'static str, &'static str)> {
        vec![("objectClass", "user"), ("sAMAccountName", "ann"), ("userPrincipalName", name)]
    };
    let (one, two) = (of("a@contoso.com"), of("b@contoso.com"));
    let (findings, _) = run(&PrecheckSettings::default(), &[("cn=A,dc=x", &one), ("cn=B,dc=x", &two)]);
    assert_eq!(findings, []);
    let bare = [("objectClass", "user"), ("sAMAccountName", "ann")];
    let (findings, _) = run(&PrecheckSettings::default(), &[("cn=A,dc=x", &bare), ("cn=B,dc=x", &bare)]);
    assert_eq!(findings.iter().map(told).collect::<Vec<_>>(), vec!["sAMAccountName.duplicate => none"; 2]);
}

#[test]
fn a_proposal_that_somebody_has_is_not_made() {
    let user = |upn: &'static str| vec![("objectClass", "user"), ("userPrincipalName", upn)];
    let (ann, bad) = (user("ann@contoso.com"), user("an n@contoso.com"));
    let (findings, _) = run(&PrecheckSettings::default(), &[("cn=A,dc=x", &ann), ("cn=B,dc=x", &bad)]);
    assert_eq!(told(&findings[0]), "userPrincipalName.character => none");
    assert!(findings[0].note.as_ref().unwrap().contains("\"ann@contoso.com\" would be right"));
    // Nor to two at once.
    let (one, two) = (user("b b@contoso.com"), user("bb @contoso.com"));
    let (findings, _) = run(&PrecheckSettings::default(), &[("cn=A,dc=x", &one), ("cn=B,dc=x", &two)]);
    assert_eq!(findings.iter().map(|it| it.change.is_written()).collect::<Vec<_>>(), [true, false]);
    // What the entry has already is taken away; what names the entry stays.
    let list = [
        ("objectClass", "user"),
        ("userPrincipalName", "c@contoso.com"),
        ("proxyAddresses", "smtp:c@contoso.com"),
        ("proxyAddresses", "smtp:c@contoso.com "),
    ];
    let (findings, _) = run(&PrecheckSettings::default(), &[("cn=C,dc=x", &list)]);
    assert_eq!(
        findings.iter().map(told).collect::<Vec<_>>(),
        ["proxyAddresses.character proxyAddresses.format => remove safe"]
    );
    let list =
        [("objectClass", "user"), ("userPrincipalName", "d@contoso.com"), ("cn", "x"), ("displayName", " ")];
    let (findings, _) = run(&PrecheckSettings::default(), &[("displayName=\\20,dc=x", &list)]);
    assert_eq!(told(&findings[0]), "displayName.blank => none");
    assert!(findings[0].note.as_ref().unwrap().contains("rename"));
}

#[test]
fn what_the_product_leaves_out_is_left_out() {
    let good = ("userPrincipalName", "x y");
    for (dn, list, skipped) in [
        ("cn=Ann,dc=x", vec![("objectClass", "user"), ("cn", "Ann")], false),
        ("cn=PC1$,dc=x", vec![("objectClass", "user"), ("cn", "PC1$")], true),
        ("cn=Administrator,dc=x", vec![("objectClass", "user"), ("cn", "Administrator")], true),
        ("cn=MSOL_1,dc=x", vec![("objectClass", "user"), ("cn", "MSOL_1")], true),
        // A person of another directory may be called so.
        ("uid=guest,dc=x", vec![("objectClass", "inetOrgPerson"), ("cn", "Guest Lee")], false),
        ("cn=Ann\\0ACNF:123,dc=x", vec![("objectClass", "inetOrgPerson")], true),
        ("cn=A,dc=x", vec![("objectClass", "user"), ("isCriticalSystemObject", "TRUE")], true),
        ("cn=A,dc=x", vec![("objectClass", "user"), ("sAMAccountName", "SUPPORT_388945a0")], true),
        ("cn=A,dc=x", vec![("objectClass", "user"), ("mailNickname", "SystemMailbox{1}")], true),
        (
            "cn=A,dc=x",
            vec![("objectClass", "user"), ("msExchHideFromAddressLists", "TRUE"), ("displayName", "MSOL x")],
            true,
        ),
        // 0x20000000, as LDAP says it.
        ("cn=A,dc=x", vec![("objectClass", "user"), ("msExchRecipientTypeDetails", "536870912")], true),
        ("cn=A,dc=x", vec![("objectClass", "user"), ("msExchRecipientTypeDetails", "1")], false),
        ("cn=A,dc=x", vec![("objectClass", "group"), ("groupType", "-2147483646")], true),
        (
            "cn=A,dc=x",
            vec![("objectClass", "group"), ("groupType", "-2147483646"), ("mail", "a@x.com")],
            false,
        ),
        ("cn=A,dc=x", vec![("objectClass", "group"), ("groupType", "2"), ("mail", "a@x.com")], true),
    ] {
        let mut list = list;
        list.push(good);
        let (_, summary) = run(&PrecheckSettings::default(), &[(dn, &list)]);
        let expect = if skipped { (0, 1) } else { (1, 0) };
        assert_eq!((summary.checked, summary.skipped.values().sum::<u64>()), expect, "{dn} {list:?}");
    }
    let (_, summary) = run(
        &PrecheckSettings::default(),
        &[
            ("ou=people,dc=x", &[("objectClass", "organizationalUnit")]),
            ("cn=PC,dc=x", &[("objectClass", "user"), ("objectClass", "computer")]),
        ],
    );
    assert_eq!(summary, PrecheckSummary::default());
}

#[test]
fn in_an_openldap_directory_the_mail_address_is_address_and_sign_in_name() {
    let settings = PrecheckSettings {
        sign_in_name: "mail".into(),
        mail_is_address: true,
        ..PrecheckSettings::default()
    };
    let list = [
        ("objectClass", "inetOrgPerson"),
        ("cn", "Ann"),
        ("mail", "an n@contoso.com"),
        ("mail", "ann@contoso.local"),
    ];
    let (findings, _) = run(&settings, &[("uid=ann,dc=x", &list)]);
    assert_eq!(
        findings.iter().map(told).collect::<Vec<_>>(),
        [
            "proxyAddresses.character proxyAddresses.format userPrincipalName.character => none",
            "proxyAddresses.topLevelDomain => none",
        ]
    );
    // The first of several is the sign-in name, and a value that is added comes last.
    assert!(
        findings[0].note.as_deref().is_some_and(|note| note.contains("the first counts")),
        "{findings:?}"
    );
    assert_eq!(findings[0].attribute, "mail");
    let (findings, _) = run(&settings, &[("uid=ann,dc=x", &list[..3])]);
    assert_eq!(
        findings.iter().map(told).collect::<Vec<_>>(),
        [
            "proxyAddresses.character proxyAddresses.format userPrincipalName.character => edit \"ann@contoso.com\"",
        ]
    );
    let list = [("objectClass", "inetOrgPerson"), ("cn", "Ann")];
    let (findings, summary) = run(&settings, &[("uid=ann,dc=x", &list)]);
    assert_eq!(findings.iter().map(told).collect::<Vec<_>>(), ["userPrincipalName.blank => none"]);
    assert_eq!(summary.errors, 0);
    let quiet = PrecheckSettings { warnings: false, ..settings };
    assert_eq!(run(&quiet, &[("uid=ann,dc=x", &list)]).0, []);
}

#[test]
fn a_value_without_end_is_shown_in_part() {
    let value = format!("smtp:{} @contoso.com", "a".repeat(100_000));
    let list =
        [("objectClass", "user"), ("userPrincipalName", "a@contoso.com"), ("proxyAddresses", value.as_str())];
    let (findings, _) = run(&PrecheckSettings::default(), &[("cn=A,dc=x", &list)]);
    assert_eq!(findings[0].change, Change::None);
    assert!(findings[0].value.chars().count() <= MAX_VALUE_CHARS + 3);
}

proptest! {
    /// Whatever is proposed breaks no rule that is an error, and is never what is there already.
    #[test]
    fn proposals_are_sound(value in "[ -~äé;<>@.]{0,40}", attribute in 0..Field::ALL.len()) {
        let field = Field::ALL[attribute];
        let settings = PrecheckSettings { domain: Some("contoso.com".into()), ..PrecheckSettings::default() };
        let list = [("objectClass", "user"), ("cn", "Ann"), (field.as_str(), value.as_str())];
        let (findings, _) = run(&settings, &[("uid=ann,dc=x", &list)]);
        for finding in findings {
            if let Change::Edit { value: new } = &finding.change {
                prop_assert_ne!(new, &value);
                let list = [("objectClass", "user"), ("cn", "Ann"), (field.as_str(), new.as_str())];
                let (again, _) = run(&settings, &[("uid=ann,dc=x", &list)]);
                let left = again.iter().any(|it| it.attribute == finding.attribute && it.severity() == Severity::Error && !it.value.is_empty());
                prop_assert!(!left, "{value:?} -> {new:?}");
            }
        }
    }
}
