//! Exports of Entra Connect as rule sets: what is carried, what is not and why; and rule sets that are written as an
//! export, imported again, and then make the same of every entry.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail by panicking"
)]

mod import {
    pub(crate) mod entries;
    pub(crate) mod export;
}

use import::{entries, export};
use lockstep_rules::import::{ImportError, Imported, MAX_IMPORT_BYTES, RemarkKind, import};
use lockstep_rules::sync_rules::{ACTIVE_DIRECTORY, RuleSet, Schemas, Subject};

fn imported(text: &str) -> Imported {
    import("export.ps1", text.as_bytes()).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

fn parse(text: &str) -> RuleSet {
    RuleSet::parse("rules.toml", text, &Schemas::ldap())
        .unwrap_or_else(|problems| panic!("{problems}\n{text}"))
}

/// What is said of an import, a line each.
fn remarks(imported: &Imported) -> String {
    imported.remarks.iter().map(|remark| format!("{remark}\n")).collect()
}

/// A rule as the editor exports it, with more parameters and what follows it.
fn rule(name: &str, parameters: &str, rest: &str) -> String {
    let given = |parameter: &str| parameters.contains(parameter);
    let default = |parameter: &str, value: &str| {
        if given(parameter) { String::new() } else { format!("{parameter} {value} `\n") }
    };
    format!(
        "New-ADSyncRule  `\n-Name '{name}' `\n{}{}{}{}{}{parameters}-OutVariable syncRule\n\n\n{rest}\nAdd-ADSyncRule  `\n-SynchronizationRule $syncRule[0]\n\n",
        default("-Direction", "'Inbound'"),
        default("-SourceObjectType", "'user'"),
        default("-TargetObjectType", "'person'"),
        default("-LinkType", "'Provision'"),
        default("-Precedence", "10"),
    )
}

fn flow(destination: &str, rest: &str) -> String {
    format!(
        "Add-ADSyncAttributeFlowMapping  `\n-SynchronizationRule $syncRule[0] `\n-Destination '{destination}' `\n{rest} `\n-OutVariable syncRule\n\n"
    )
}

/// The set that is imported, and what of the file is said.
fn set_of(text: &str) -> (RuleSet, Imported) {
    let imported = imported(text);
    (parse(&imported.toml), imported)
}

/// Both sets make the same of every entry.
fn same(a: &RuleSet, b: &RuleSet) {
    let groups = ["cn=staff,ou=groups,dc=contoso,dc=com".to_owned()];
    for n in 0..600_u64 {
        let entry = entries::entry(n);
        let member_of = if n % 3 == 0 { &groups[..] } else { &[] };
        let subject = Subject {
            source: 0,
            others: &[],
            entry: &entry,
            member_of,
            is_new: n % 2 == 0,
            now: jiff::Timestamp::UNIX_EPOCH,
            seed: u128::from(n),
        };
        assert_eq!(a.make(&subject), b.make(&subject), "{n}");
        let object = |set: &RuleSet| set.metaverse_object(&subject).map(|object| object.attributes);
        assert_eq!(object(a), object(b), "{n}");
    }
}

#[test]
fn the_rules_for_active_directory_come_back_from_powershell() {
    let exported = export::powershell(ACTIVE_DIRECTORY);
    let (set, imported) = set_of(&exported);
    assert_eq!(remarks(&imported), "");
    assert!(imported.toml.contains("# Everything was carried."), "{}", &imported.toml[..200]);
    let original = parse(ACTIVE_DIRECTORY);
    assert_eq!(set.rules().len(), original.rules().len());
    same(&original, &set);
    // Its own cases, beside the imported rules.
    let (_, cases) = ACTIVE_DIRECTORY.split_once("[[case]]").unwrap();
    let results = parse(&format!("{}\n[[case]]{cases}", imported.toml)).run_cases();
    assert!(results.len() >= 60);
    let failed: Vec<_> = results.into_iter().filter(|result| !result.passed).collect();
    assert_eq!(failed, []);
    // Twice gives the same text.
    assert_eq!(imported, self::imported(&exported));
}

#[test]
fn the_rules_for_active_directory_come_back_from_json() {
    for numbers in [false, true] {
        let exported = export::json(ACTIVE_DIRECTORY, numbers);
        let (set, imported) = set_of(&exported);
        assert_eq!(remarks(&imported).lines().count(), usize::from(numbers), "{}", remarks(&imported));
        same(&parse(ACTIVE_DIRECTORY), &set);
    }
}

/// A rule set with everything that the shipped one does not use.
const CUSTOM: &str = r#"
name = "Custom"
source = "active-directory"
[attributes.contosoBadge]
type = "number"
[attributes.contosoTags]
type = "text"
many = true
[metaverse.contosoBadge]
type = "number"
[metaverse.contosoTags]
type = "text"
many = true
[[rule]]
name = "In from AD - O'Neil's \"rule\""
description = "Quotes ' and \" and a $sign"
direction = "inbound"
precedence = 1
source_types = ["user"]
metaverse_type = "person"
link_type = "Provision"
scope = [
    { all = [{ attribute = "department", operator = "ISIN", value = "Department 1" }, { attribute = "title", operator = "ISNOTNULL" }] },
    { all = [{ attribute = "userAccountControl", operator = "ISBITNOTSET", value = 2 }] },
]
join = [{ all = [{ source = "objectGUID", metaverse = "sourceAnchorBinary" }] }]
flow = [
    { to = "displayName", expression = '''
IIF(InStr([displayName], "'") > 0,
  Replace([displayName], "'", "`$x"), [displayName])
''' },
    { to = "contosoBadge", direct = "contosoBadge" },
    { to = "contosoTags", expression = 'Split("a;b", ";")', merge = "merge" },
    { to = "proxyAddresses", direct = "proxyAddresses", merge = "merge_case_insensitive" },
    { to = "accountEnabled", constant = true },
    { to = "company", constant = "True" },
    { to = "countryCode", constant = 41 },
    { to = "manager", expression = 'CRef("CN=Boss,DC=contoso,DC=com")' },
    { to = "department", direct = "department", execute_once = true },
    { to = "userPrincipalName", expression = 'IIF(IsPresent([userPrincipalName]), [userPrincipalName], AuthoritativeNull)' },
]
[[rule]]
name = "In from AD - Tags"
direction = "inbound"
precedence = 2
source_types = ["user"]
metaverse_type = "person"
link_type = "StickyJoin"
scope = [{ all = [{ operator = "ISMEMBEROF", value = "CN=Staff,OU=Groups,DC=contoso,DC=com" }] }]
flow = [
    { to = "contosoTags", direct = "contosoTags", merge = "merge" },
    { to = "proxyAddresses", expression = 'Where($a, [proxyAddresses], InStr($a, "smtp:") > 0)', merge = "merge_case_insensitive" },
]
[[rule]]
name = "In from AD - Resting"
direction = "inbound"
precedence = 3
source_types = ["user"]
metaverse_type = "person"
link_type = "Join"
disabled = true
flow = [{ to = "displayName", constant = "never" }]
[[rule]]
name = "Out to AAD - User"
direction = "outbound"
precedence = 4
metaverse_type = "person"
target_type = "user"
link_type = "Provision"
scope = [{ all = [{ attribute = "contosoBadge", operator = "NOTEQUAL", value = 13 }] }]
flow = [
    { to = "accountEnabled", direct = "accountEnabled" },
    { to = "displayName", direct = "displayName" },
    { to = "companyName", direct = "company" },
    { to = "businessPhones", direct = "contosoTags" },
    { to = "proxyAddresses", direct = "proxyAddresses" },
    { to = "employeeId", expression = 'CStr([contosoBadge] + [countryCode])' },
    { to = "manager", direct = "manager" },
    { to = "department", direct = "department" },
    { to = "userPrincipalName", direct = "userPrincipalName" },
]
"#;

#[test]
fn rules_of_ones_own_come_back_with_guessed_types() {
    for exported in [export::powershell(CUSTOM), export::json(CUSTOM, false), export::policy(CUSTOM)] {
        let (set, imported) = set_of(&exported);
        same(&parse(CUSTOM), &set);
        let said = remarks(&imported);
        for part in [
            "guessed: the attribute contosoBadge of the directory, which Lockstep does not know (by its use it is taken for a number, one value)",
            "guessed: the attribute contosoTags of the metaverse, which Lockstep does not know (by its use it is taken for text, several values)",
            "changed: rule \"In from AD - Resting\": the rule is disabled (it is carried as disabled)",
        ] {
            assert!(said.contains(part), "{part}\n{said}");
        }
        assert!(set.rules().iter().any(|rule| rule.name == "In from AD - Resting" && rule.disabled));
        assert!(
            imported.toml.contains("# From the rule \"In from AD - Tags\", identifier "),
            "{}",
            imported.toml
        );
    }
}

#[test]
fn what_cannot_be_carried_is_said_with_its_reason() {
    let text = [
        rule(
            "In from AD - Mixed",
            "-EnablePasswordSync `\n-SoftDeleteExpiryInterval 30 `\n-ImmutableTag 'Microsoft.InfromADUserJoin.004' `\n-Identifier 'f1' `\n",
            &[
                flow("displayName", "-FlowType 'Expression' `\n-ValueMergeType 'Update' `\n-Expression 'Proper([cn])'"),
                flow("title", "-Source @('unicodePwd') `\n-FlowType 'Direct'"),
                flow("sn", "-Source @('sn') `\n-FlowType 'Direct'"),
                flow("givenName", "-FlowType 'Direct'"),
            ]
            .concat(),
        ),
        rule("In from AAD - User Join", "-Connector 'b891884f-051e-4a83-95af-2544101c9083' `\n-Precedence 11 `\n", ""),
        rule(
            "Out to AD - User ImmutableId",
            "-Direction 'Outbound' `\n-SourceObjectType 'person' `\n-TargetObjectType 'user' `\n-Connector '11111111-1111-4111-8111-111111111111' `\n-Precedence 12 `\n",
            "",
        ),
        rule("In from AD - Computer Join", "-SourceObjectType 'computer' `\n-TargetObjectType 'device' `\n-Precedence 13 `\n", ""),
        rule(
            "Out to AAD - Contact Join",
            "-Direction 'Outbound' `\n-SourceObjectType 'person' `\n-TargetObjectType 'contact' `\n-Precedence 14 `\n",
            "",
        ),
        rule(
            "Out to AAD - User Identity",
            "-Direction 'Outbound' `\n-SourceObjectType 'person' `\n-TargetObjectType 'user' `\n-Connector 'b891884f-051e-4a83-95af-2544101c9083' `\n-Precedence 10 `\n",
            &[
                flow("alias", "-Source @('displayName') `\n-FlowType 'Direct'"),
                flow("surname", "-Source @('sn') `\n-FlowType 'Direct'"),
                flow("dnsDomainName", "-Source @('domainFQDN') `\n-FlowType 'Direct'"),
                flow("sourceAnchor", "-Source @('sourceAnchor') `\n-FlowType 'Direct'"),
                "New-Object `\n-TypeName 'Microsoft.IdentityManagement.PowerShell.ObjectModel.JoinCondition' `\n-ArgumentList 'sourceAnchor','sourceAnchor',$false `\n-OutVariable condition0\nAdd-ADSyncJoinConditionGroup -SynchronizationRule $syncRule[0] -JoinConditions @($condition0[0]) -OutVariable syncRule\n".into(),
            ]
            .concat(),
        ),
    ]
    .concat();
    let (set, imported) = set_of(&text);
    insta::assert_snapshot!("left_out", format!("{}\n{}", remarks(&imported), imported.toml));
    let kinds: Vec<_> = set.rules().iter().map(|rule| (rule.name.as_str(), rule.precedence)).collect();
    assert_eq!(kinds, [("In from AD - Mixed", 10), ("Out to AAD - User Identity", 11)]);
    assert!(imported.remarks.iter().any(|remark| remark.kind == RemarkKind::LeftOut));
}

/// How the default rules of Entra Connect write what depends on a setting or on a type.
#[test]
fn the_forms_of_standard_rules_are_carried() {
    let expressions = [
        (
            "sourceAnchor",
            r#"IIF(IsPresent([msExchRecipientTypeDetails]),IIF([msExchRecipientTypeDetails]=2,NULL,IIF("objectGUID"="objectGUID",IIF(IsString([objectGUID]),CStr([objectGUID]),ConvertToBase64([objectGUID])),NULL)),ConvertToBase64([objectGUID]))"#,
        ),
        (
            "sourceAnchorBinary",
            r#"
      IIF("mS-DS-ConsistencyGuid"="mS-DS-ConsistencyGuid",
          IIF(IsPresent([mS-DS-ConsistencyGuid]),[mS-DS-ConsistencyGuid],[objectGUID]),
          NULL)
      "#,
        ),
        (
            "cloudFiltered",
            r#"IIF(IsPresent([isCriticalSystemObject]) || IsPresent([sAMAccountName]) = False || CBool(IIF(IsPresent([msExchRecipientTypeDetails]),BitAnd([msExchRecipientTypeDetails],&H21C07000) > 0,NULL)) || CBool(InStr(DNComponent(CRef([dn]),1),"\\0ACNF:")>0), True, NULL)"#,
        ),
        (
            "userPrincipalName",
            r#"IIF(IsPresent([userPrincipalName]),[userPrincipalName], IIF(IsPresent([sAMAccountName]),([sAMAccountName]&"@"&%Domain.FQDN%),Error("AccountName is not present")))"#,
        ),
        (
            "pwdLastSet",
            r#"IIF(IsPresent([pwdLastSet]),CStr(FormatDateTime(DateFromNum([pwdLastSet]),"yyyyMMddHHmmss.0Z")),NULL)"#,
        ),
        ("proxyAddresses", r#"RemoveDuplicates(Trim(ImportedValue("proxyAddresses")))"#),
        ("description", "IIF(IsNullOrEmpty([description]),NULL,Left(Trim(Item([description],1)),448))"),
        ("securityEnabled", "CBool(BitAnd([groupType],-2147483648))"),
        ("memberCount", r#"ValueCount("member")"#),
        (
            "mailEnabled",
            r#"IIF(( (IsPresent([proxyAddresses]) = True) && (Contains([proxyAddresses], "SMTP:") > 0) && (InStr(Item([proxyAddresses], Contains([proxyAddresses], "SMTP:")), "@") > 0)) ||  (IsPresent([mail]) = True && (InStr([mail], "@") > 0)), True, False)"#,
        ),
        (
            "sourceObjectType",
            r#"IIF(IsPresent([msExchRecipientTypeDetails]), IIF([msExchRecipientTypeDetails]=2, NULL, "User"), "User")"#,
        ),
        ("contributingConnectorUser", "%Connector.ID%"),
    ];
    let flows: String = expressions
        .iter()
        .map(|(to, text)| flow(to, &format!("-FlowType 'Expression' `\n-Expression '{text}'")))
        .collect();
    let (set, imported) = set_of(&rule("In from AD - User Join", "", &flows));
    assert_eq!(set.rules()[0].flows.len(), expressions.len(), "{}", remarks(&imported));
    let kinds: Vec<_> = imported.remarks.iter().map(|remark| remark.kind).collect();
    assert_eq!(kinds, [RemarkKind::Changed], "{}", remarks(&imported));
}

#[test]
fn a_rule_whose_scope_cannot_be_carried_rests() {
    let condition = |operator: &str| {
        format!(
            "New-Object `\n-TypeName 'Microsoft.IdentityManagement.PowerShell.ObjectModel.ScopeCondition' `\n-ArgumentList 'objectGUID','x','{operator}' `\n-OutVariable condition0\nNew-Object `\n-TypeName 'Microsoft.IdentityManagement.PowerShell.ObjectModel.ScopeCondition' `\n-ArgumentList 'title','x','EQUAL' `\n-OutVariable condition1\nAdd-ADSyncScopeConditionGroup -SynchronizationRule $syncRule[0] -ScopeConditions @($condition0[0],$condition1[0]) -OutVariable syncRule\n"
        )
    };
    let own = flow("sn", "-Source @('sn') `\n-FlowType 'Direct'");
    for (operator, why) in
        [("EQUAL", "EQUAL cannot compare octets"), ("ISLIKE", "there is no such comparison")]
    {
        let (set, imported) = set_of(&rule("r", "", &format!("{}{own}", condition(operator))));
        assert!(set.rules()[0].disabled, "{}", imported.toml);
        let said = remarks(&imported);
        assert!(said.contains(why) && said.contains("so the rule is disabled"), "{said}");
        assert!(imported.toml.contains("# Left out: the condition objectGUID"), "{}", imported.toml);
    }
    let (set, _) = set_of(&rule(
        "r",
        "",
        &format!("{}{own}", condition("ISNOTNULL").replace("'x','ISNOT", "'','ISNOT")),
    ));
    assert!(!set.rules()[0].disabled);
    // An attribute, a condition that only running the script would tell.
    let variable = condition("EQUAL").replace("'objectGUID','x'", "$attribute,'x'");
    let (set, imported) = set_of(&rule("r", "", &format!("{variable}{own}")));
    assert!(set.rules()[0].disabled);
    assert!(remarks(&imported).contains("$attribute of New-Object in line"), "{}", remarks(&imported));
    let unknown = "Add-ADSyncScopeConditionGroup -SynchronizationRule $syncRule[0] -ScopeConditions @($nothing) -OutVariable syncRule\n";
    let (set, _) = set_of(&rule("r", "", &format!("{unknown}{own}")));
    assert!(set.rules()[0].disabled);
}

#[test]
fn the_ways_people_write_powershell() {
    let own = flow("sn", "-Source @('sn') `\n-FlowType 'Direct'");
    let plain = rule("Rule", "", &own);
    let (expected, _) = set_of(&plain);
    let names = |set: &RuleSet| {
        set.rules().iter().map(|rule| (rule.name.clone(), rule.flows.len())).collect::<Vec<_>>()
    };
    for text in [
        plain.replace('\n', "\r\n"),
        format!("\u{feff}# a comment\n<# New-ADSyncRule -Name 'no' \n#>\nImport-Module ADSync\n{plain}"),
        plain.replace(" `\n", "\n"),
        plain.replace(" `\n", " ` \n"),
        plain.replace("'Rule'", "\"Rule\""),
        format!("$name = 'Rule'\n{}", plain.replace("-Name 'Rule'", "-Name $name")),
        format!("$part = 'ule'\n{}", plain.replace("-Name 'Rule'", "-Name \"R$part\"")),
        plain.replace("-OutVariable syncRule\n", "-OutVariable syncRule | Out-Null\n"),
        format!("function Add {{\n    {plain}\n}}\n"),
        plain.replace("New-ADSyncRule", "new-adsyncrule").replace("-FlowType", "-flowtype"),
        format!("$rule = {}", plain.replace("$syncRule[0]", "$rule")),
        plain.replace("@('sn')", "'sn'"),
    ] {
        let (set, _) = set_of(&text);
        assert_eq!(names(&set), names(&expected), "{text}");
    }
    // Two encodings of Windows.
    let wide: Vec<u8> =
        [0xFF, 0xFE].into_iter().chain(plain.encode_utf16().flat_map(u16::to_le_bytes)).collect();
    assert_eq!(import("export.ps1", &wide).unwrap().toml, imported(&plain).toml);
    let unknown = remarks(&imported(&plain.replace("-Precedence 10", "-Precedence $next")));
    assert!(
        unknown.contains("-precedence of New-ADSyncRule in line 1 is $next (the file does not say its value"),
        "{unknown}"
    );
    assert!(unknown.contains("a rule without a precedence (it gets 1; compare the order)"), "{unknown}");
}

#[test]
fn the_ways_json_has_rules() {
    let own = r#"{"Name":"R","Direction":"Inbound","SourceObjectType":"user","TargetObjectType":"person","LinkType":"Provision","Precedence":5,"AttributeFlowMappings":[{"Source":["sn"],"Destination":"sn","FlowType":"Direct","Unknown":{}}]}"#;
    for text in [
        own.to_owned(),
        format!("[{own}]"),
        format!(r#"{{"value":[{own}],"Count":1}}"#),
        format!(
            r#"{{"onpremisesDirectoryPolicy":[{{"fullyQualifiedDomainName":"contoso.com","customSynchronizationRules":[{own}]}}],"azureDirectoryPolicy":{{"customSynchronizationRules":[]}}}}"#
        ),
        own.replace(r#""Source":["sn"]"#, r#""Source":{"value":["sn"],"Count":1}"#),
        own.replace(r#""Source":["sn"]"#, r#""Source":"sn""#),
    ] {
        let (set, imported) = set_of(&text);
        assert_eq!((set.rules().len(), set.rules()[0].flows.len()), (1, 1), "{text}");
        assert!(
            imported.remarks.iter().all(|remark| remark.kind == RemarkKind::Changed),
            "{}",
            remarks(&imported)
        );
    }
    let cut = own.replace(r#"[{"Source":["sn"]"#, r#"["Microsoft.IdentityManagement.X",{"Source":["sn"]"#);
    assert!(remarks(&imported(&cut)).contains("export again with -Depth 8"), "{}", remarks(&imported(&cut)));
    let standard = format!(
        r#"{{"standardSynchronizationRules":[{{"name":"In from AD - User Join","immutableTag":"Microsoft.InfromADUserJoin.006","precedence":100}}],"customSynchronizationRules":[{own}]}}"#
    );
    assert!(remarks(&imported(&standard)).contains("the configuration export only names it"));
    let guess = own.replace(r#""LinkType":"Provision""#, r#""LinkType":1"#);
    assert!(
        remarks(&imported(&guess))
            .contains("guessed: rule \"R\": the link type, which the export writes as \"1\"")
    );
    // Conditions whose content was cut off keep the rule from acting.
    let cut = own.replace(
        "\"Precedence\"",
        "\"ScopeFilter\":[{\"ScopeConditionList\":\"Microsoft.X.Y\"}],\"Precedence\"",
    );
    let (set, _) = set_of(&cut);
    assert!(set.rules()[0].disabled);
}

#[test]
fn what_is_no_export_is_refused_with_what_to_do() {
    let check = |octets: &[u8], part: &str| {
        let error = import("x", octets).unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    };
    check(b"", "it must be what the Synchronization Rules Editor exports");
    check(b"{\"a\": 1}", "it must be what the Synchronization Rules Editor exports");
    check(b"{\"a\": ", "begins as JSON and is none");
    check(b"New-ADSyncRule -Name 'x", "the text that begins in line 1 does not end");
    check(b"\n<# x", "the comment that begins in line 2 does not end");
    check(b"\xFF\xFF\xFF", "neither UTF-8 nor UTF-16");
    let deep = format!("New-ADSyncRule -Name {}", "@(".repeat(1_000));
    check(deep.as_bytes(), "parentheses are deeper than");
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    check(deep.as_bytes(), "begins as JSON and is none");
    assert!(matches!(import("x", &vec![b' '; MAX_IMPORT_BYTES + 1]), Err(ImportError::TooLarge)));
    let device = rule("In from AD - Computer", "-TargetObjectType 'device' `\n", "");
    check(
        device.as_bytes(),
        "left out: rule \"In from AD - Computer\": the rule, for a device of the metaverse",
    );
}

#[test]
fn hostile_exports_end_in_time() {
    let started = std::time::Instant::now();
    for text in [
        "`".repeat(1_000_000),
        "'' ".repeat(300_000),
        "-a ".repeat(300_000),
        "New-ADSyncRule -Name 'x'\n".repeat(50_000),
        rule(
            "r",
            "",
            &(0..3_000)
                .map(|n| flow(&format!("a{n}"), "-Source @('b') `\n-FlowType 'Direct'"))
                .collect::<String>(),
        ),
        rule(
            "r",
            "",
            &(0..400)
                .map(|n| {
                    flow(
                        &format!("a{n}"),
                        &format!("-FlowType 'Expression' `\n-Expression 'Trim([b{n}]) & [c{n}]'"),
                    )
                })
                .collect::<String>(),
        ),
        rule(
            "r",
            "",
            &(0..300)
                .map(|n| flow("sn", &format!("-FlowType 'Expression' `\n-Expression 'Nope{n}([a])'")))
                .collect::<String>(),
        ),
        // Texts that double, lists that are used again and again, names without end.
        format!("$a = '{}'\n{}", "x".repeat(64), "$a = \"$a$a\"\n".repeat(100)),
        format!(
            "$a = @({})\nNew-ADSyncRule -Name 'x'\n{}",
            "'x',".repeat(200_000),
            "Add-ADSyncScopeConditionGroup -ScopeConditions $a\n".repeat(20_000)
        ),
        format!(
            "$a = '{}'\nNew-ADSyncRule -Name 'x'\n{}",
            "x".repeat(1_000_000),
            "Add-ADSyncAttributeFlowMapping -Destination $a -Expression $a\n".repeat(20_000)
        ),
        format!(
            r#"{{"Name":"R","Direction":"Inbound","SourceObjectType":"user","TargetObjectType":"person","LinkType":"Join","AttributeFlowMappings":[{}]}}"#,
            (0..1_000)
                .map(|n| format!(r#"{{"source":"a{n}","destination":"b{n}"}}"#))
                .collect::<Vec<_>>()
                .join(",")
        ),
    ] {
        let _ = import("x", text.as_bytes());
    }
    assert!(started.elapsed().as_secs() < 60, "{:?}", started.elapsed());
}

/// Exports from anywhere: refused, or a file that compiles.
#[test]
fn any_octets() {
    let run = |octets: &[u8]| {
        if let Ok(imported) = import("x", octets) {
            parse(&imported.toml);
            assert!(imported.rules > 0);
        }
    };
    let small = rule(
        "Rule 'x'",
        "",
        &[
            flow("sn", "-Source @('sn','cn') `\n-FlowType 'Direct'"),
            flow("x", "-FlowType 'Expression' `\n-Expression 'IIF([a] = \"b\", ImportedValue(\"c\"), NULL)'"),
        ]
        .concat(),
    )
    .replace("'Rule 'x''", "'Rule ''x'''");
    let sound = [small, export::json(CUSTOM, false), export::policy(CUSTOM)];
    for text in &sound {
        assert!(import("x", text.as_bytes()).is_ok(), "{text}");
    }
    bolero::check!().for_each(|octets: &[u8]| {
        run(octets);
        let Some((place, put)) = octets.split_first() else { return };
        for text in &sound[..1] {
            let at = usize::from(*place) * text.len() / 256;
            let (before, after) = text.as_bytes().split_at(at);
            run(&[before, put, after].concat());
            run(&[before, after.get(put.len()..).unwrap_or(&[])].concat());
        }
    });
    // The long ones are cut and spliced in some places only.
    for text in &sound[1..] {
        for at in (0..text.len()).step_by(text.len() / 40) {
            let (before, after) = text.as_bytes().split_at(at);
            for put in [&b""[..], b"\"", b"'", b"]", b"}", b"null,", b"9"] {
                run(&[before, put, after].concat());
            }
            run(before);
        }
    }
}
