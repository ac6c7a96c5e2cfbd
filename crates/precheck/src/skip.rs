//! Entries that the product leaves out, and that are therefore not looked at.

use lockstep_model::Attributes;
use lockstep_model::precheck::EntryClass;

/// Beginnings of common names of accounts that belong to the system.
const NAMES: &[&str] = &[
    "admini",
    "cas_{",
    "discoverysearchmailbox",
    "exchange online-applicationaccount",
    "federatedemail",
    "guest",
    "healthmailbox",
    "httpconnector",
    "iusr_",
    "iwam",
    "krbtgt",
    "msol",
    "support_",
    "systemmailbox",
    "wwioadmini",
];
/// Beginnings of sAMAccountNames of such users.
const ACCOUNTS: &[&str] = &["cas_", "msol_", "support_"];
/// Beginnings of mail aliases of such objects.
const ALIASES: &[&str] = &["cas_", "systemmailbox"];
/// Mailbox types (msExchRecipientTypeDetails) of the system: mail public folder, system attendant, database mailbox,
/// role group and the like.
const RECIPIENTS: &[u64] = &[0x1000, 0x2000, 0x4000, 0x40_0000, 0x80_0000, 0x100_0000, 0x2000_0000];
/// The bit of groupType that makes a security group.
const SECURITY: i64 = 0x8000_0000;

/// Why the entry is left out, where it is. Most reasons are of Active Directory alone: elsewhere a person may be called
/// `Guest`.
pub(crate) fn reason(dn: &str, attributes: &Attributes, class: EntryClass) -> Option<&'static str> {
    if dn.contains("\\0ACNF:") {
        return Some("it is what a replication conflict left behind");
    }
    let is_true = |name| attributes.text(name).is_some_and(|text| text.eq_ignore_ascii_case("true"));
    if is_true("iscriticalsystemobject") {
        return Some("it is a critical system object");
    }
    let begins = |name: &str, with: &[&str]| {
        let value = attributes.text(name).unwrap_or_default().to_lowercase();
        with.iter().any(|start| value.starts_with(start))
    };
    let recipient = attributes.text("msexchrecipienttypedetails").and_then(|text| text.trim().parse().ok());
    if recipient.is_some_and(|recipient: u64| RECIPIENTS.contains(&recipient)) {
        return Some("its mailbox is of the system");
    }
    if begins("mailnickname", ALIASES)
        || (is_true("msexchhidefromaddresslists") && begins("displayname", &["msol"]))
    {
        return Some("its mailbox is of the system");
    }
    let is_active_directory = attributes.has("samaccountname")
        || attributes
            .texts("objectclass")
            .any(|name| ["user", "group", "contact"].iter().any(|class| class.eq_ignore_ascii_case(name)));
    if !is_active_directory {
        return None;
    }
    let cn = attributes.text("cn").unwrap_or_default();
    if cn.ends_with('$')
        || begins("cn", NAMES)
        || (class == EntryClass::User && begins("samaccountname", ACCOUNTS))
    {
        return Some("its name is that of a system account");
    }
    let kind = attributes.text("grouptype").and_then(|text| text.trim().parse::<i64>().ok());
    match kind {
        Some(kind) if class == EntryClass::Group => {
            let is_security = kind & SECURITY != 0;
            if is_security && !attributes.has("mail") {
                Some("it is a security group without mail")
            } else if !is_security && !attributes.has("proxyaddresses") {
                Some("it is a distribution group without addresses")
            } else {
                None
            }
        }
        _ => None,
    }
}
