//! How long one core takes to plan a directory of 100,000 changed users with the rule set for Active Directory: the time
//! that it worked, which other work on the machine does not lengthen, and beside it what the clock on the wall said.
//! `cargo run --release -p lockstep-rules --example rule_set_speed [-- USERS [explain]]`
#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::panic, reason = "a program for people")]

use lockstep_model::{AttributeName, Attributes, Entry, SourceAnchor};
use lockstep_rules::sync_rules::{
    ACTIVE_DIRECTORY, ACTIVE_DIRECTORY_FILE, Evaluated, Made, RuleSet, Schemas, Subject,
};
use std::hint::black_box;
use std::time::{Duration, Instant};

/// A user as a directory with Exchange has them: about 70 attributes, so that most of the flows have a value.
fn user(n: usize) -> Entry {
    let octets = |mark: u8| {
        let mut all = vec![mark; 16];
        all.splice(..8, n.to_be_bytes());
        all
    };
    let text = |name: &str, value: String| (AttributeName::new(name), vec![value.into_bytes()]);
    let list = |name: &str, values: Vec<String>| {
        (AttributeName::new(name), values.into_iter().map(String::into_bytes).collect::<Vec<_>>())
    };
    let dn = format!("CN=Given{n} Surname{n},OU=Department {},OU=Staff,DC=contoso,DC=com", n % 100);
    let mut sid = vec![1, 5, 0, 0, 0, 0, 0, 5];
    for part in [21_u32, 1_004_336_348, 1_177_238_915, 682_003_330, 1_000 + u32::try_from(n).unwrap()] {
        sid.extend(part.to_le_bytes());
    }
    let mut attributes: Attributes = [
        list("objectClass", ["top", "person", "organizationalPerson", "user"].map(str::to_owned).to_vec()),
        text("cn", format!("Given{n} Surname{n}")),
        text("displayName", format!("Given{n} Surname{n}")),
        text("givenName", format!("Given{n}")),
        text("sn", format!("Surname{n}")),
        text("initials", "G".into()),
        text("sAMAccountName", format!("given{n}")),
        text("userPrincipalName", format!("given{n}.surname{n}@contoso.com")),
        text("userAccountControl", if n % 10 == 9 { "514" } else { "512" }.into()),
        text(
            "pwdLastSet",
            format!("{}", 133_000_000_000_000_000_i64 + i64::try_from(n).unwrap() * 10_000_000),
        ),
        text("mail", format!("given{n}.surname{n}@contoso.com")),
        text("mailNickname", format!("given{n}")),
        list(
            "proxyAddresses",
            vec![
                format!("SMTP:given{n}.surname{n}@contoso.com"),
                format!("smtp:given{n}@contoso.com"),
                format!("smtp:given{n}@contoso.mail.onmicrosoft.com"),
                format!("X500:/o=contoso/ou=exchange/cn=recipients/cn={n:032x}"),
                format!("sip:given{n}.surname{n}@contoso.com"),
            ],
        ),
        text("legacyExchangeDN", format!("/o=contoso/ou=exchange/cn=recipients/cn={n:032x}")),
        text("msExchRecipientTypeDetails", "2147483648".into()),
        text("msExchRecipientDisplayType", "-2147483642".into()),
        text("msExchRemoteRecipientType", "4".into()),
        text("msExchHideFromAddressLists", "FALSE".into()),
        text("msExchUsageLocation", "CH".into()),
        text("msExchMailboxAuditEnable", "TRUE".into()),
        text("msExchMailboxAuditLogAgeLimit", "7776000".into()),
        text("msExchELCMailboxFlags", "130".into()),
        text("targetAddress", format!("SMTP:given{n}@contoso.mail.onmicrosoft.com")),
        text("title", format!("Clerk {}", n % 50)),
        text("department", format!("Department {}", n % 100)),
        text("company", "Contoso".into()),
        text(
            "manager",
            format!(
                "CN=Given{0} Surname{0},OU=Department {1},OU=Staff,DC=contoso,DC=com",
                n / 10,
                n / 10 % 100
            ),
        ),
        text("physicalDeliveryOfficeName", format!("Building {}", n % 20)),
        text("streetAddress", format!("Main Street {n}")),
        text("l", "Zug".into()),
        text("st", "ZG".into()),
        text("postalCode", "6300".into()),
        text("c", "CH".into()),
        text("co", "Switzerland".into()),
        text("countryCode", "756".into()),
        text("telephoneNumber", format!("+41 41 {n:07}")),
        list("otherTelephone", vec![format!("+41 42 {n:07}")]),
        text("mobile", format!("+41 79 {n:07}")),
        text("homePhone", format!("+41 43 {n:07}")),
        text("facsimileTelephoneNumber", format!("+41 44 {n:07}")),
        text("pager", format!("{n}")),
        text("ipPhone", format!("{n}")),
        list("description", vec![format!("Clerk of department {}", n % 100)]),
        text("info", "Imported from the human resources system".into()),
        list("url", vec![format!("https://people.contoso.com/{n}")]),
        text("wWWHomePage", "https://contoso.com".into()),
        list("postOfficeBox", vec![format!("{n}")]),
        text("employeeID", format!("{n:08}")),
        text("employeeType", "internal".into()),
        text("preferredLanguage", "de-CH".into()),
        text("msRTCSIP-PrimaryUserAddress", format!("sip:given{n}.surname{n}@contoso.com")),
        text("msRTCSIP-UserEnabled", "TRUE".into()),
        text("msRTCSIP-Line", format!("tel:+4141{n:07}")),
        text("whenCreated", "20200102030405.0Z".into()),
        text("whenChanged", "20260102030405.0Z".into()),
        text("distinguishedName", dn.clone()),
        list("memberOf", (0..5).map(|g| format!("CN=Group {g},OU=Groups,DC=contoso,DC=com")).collect()),
        (AttributeName::new("objectGUID"), vec![octets(1)]),
        (AttributeName::new("msExchMailboxGuid"), vec![octets(2)]),
        (AttributeName::new("mS-DS-ConsistencyGuid"), vec![octets(1)]),
        (AttributeName::new("objectSid"), vec![sid]),
    ]
    .into_iter()
    .collect();
    for number in 1..=15 {
        attributes.add(
            AttributeName::new(&format!("extensionAttribute{number}")),
            [format!(" value {number} of {n} ").into_bytes()],
        );
    }
    Entry { anchor: SourceAnchor::new(format!("anchor-{n}")).unwrap(), dn, attributes }
}

/// The time that this thread has had a core for; none where the system does not say.
fn worked() -> Option<Duration> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split(' ').next()?.parse().ok().map(Duration::from_nanos)
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let users: usize = arguments.next().map_or(100_000, |text| text.parse().unwrap());
    let explain = arguments.next().is_some_and(|word| word == "explain");
    let mut set = RuleSet::parse(ACTIVE_DIRECTORY_FILE, ACTIVE_DIRECTORY, &Schemas::ldap())
        .unwrap_or_else(|problems| panic!("{problems}"));
    for (name, value) in [
        ("Connector.ID", "b0d1"),
        ("Domain.FQDN", "contoso.com"),
        ("Domain.Netbios", "CONTOSO"),
        ("Forest.FQDN", "contoso.com"),
        ("Forest.Netbios", "CONTOSO"),
    ] {
        set.set_parameter(name, value);
    }
    let person = set.rules().iter().filter(|rule| rule.source_types == ["user"] || rule.kind.is_some());
    let person: Vec<_> = person.filter(|rule| rule.metaverse_type.as_str() == "person").collect();
    let flows: usize = person.iter().map(|rule| rule.flows.len()).sum();
    println!("{} rules with {flows} flows for a user", person.len());
    // Batches, so that what is measured is the rules and not a memory full of entries.
    let (mut wall, mut core) = (Duration::ZERO, Duration::ZERO);
    let mut properties = 0;
    for start in (0..users).step_by(10_000) {
        let entries: Vec<_> = (start..users.min(start + 10_000)).map(user).collect();
        let (started, before) = (Instant::now(), worked());
        for (seed, entry) in (0_u128..).zip(&entries) {
            let subject = Subject {
                entry,
                source: 0,
                others: &[],
                member_of: &[],
                is_new: false,
                now: jiff::Timestamp::UNIX_EPOCH,
                seed,
            };
            properties += if explain {
                match black_box(set.evaluate(&subject)) {
                    Evaluated::Object(made) => made.object.properties.iter().count(),
                    other => panic!("{other:?}"),
                }
            } else {
                match black_box(set.make(&subject)) {
                    Made::Object(made) => made.object.properties.iter().count(),
                    other => panic!("{other:?}"),
                }
            };
        }
        let elapsed = started.elapsed();
        wall += elapsed;
        core += before.zip(worked()).map_or(elapsed, |(before, after)| after.saturating_sub(before));
    }
    println!(
        "{users} users in {:.2} s of one core{} ({:.2} s on the wall): {:.1} us each, {} properties each",
        core.as_secs_f64(),
        if explain { ", every value explained" } else { "" },
        wall.as_secs_f64(),
        core.as_secs_f64() * 1e6 / users as f64,
        properties / users
    );
}
