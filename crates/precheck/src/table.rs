//! The rules, one row each: the preparation page of the product, and what IdFix made of it. Where the two give
//! different lengths, the page counts; what only the page asks is a warning.
//!
//! **Invariant:** a row looks at one value of one entry. What needs other entries (duplicates) is a row without a
//! check, and is decided in `duplicates.rs`.

use crate::text::{self, Address, AddressType};
use lockstep_model::precheck::{EntryClass, ProblemKind, Severity};

/// What a value is used as. Which attribute gives it, the settings say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Field {
    /// The name that people see.
    DisplayName,
    /// The first name.
    GivenName,
    /// The mail address.
    Mail,
    /// The mail alias.
    MailNickname,
    /// All addresses.
    ProxyAddresses,
    /// The sign-in name of before Windows 2000.
    SamAccountName,
    /// Where mail is forwarded to.
    TargetAddress,
    /// The sign-in name.
    UserPrincipalName,
}

impl Field {
    /// All of them, in the order of the table.
    pub const ALL: [Self; 8] = [
        Self::DisplayName,
        Self::GivenName,
        Self::Mail,
        Self::MailNickname,
        Self::ProxyAddresses,
        Self::SamAccountName,
        Self::TargetAddress,
        Self::UserPrincipalName,
    ];

    /// Its attribute in Active Directory.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::DisplayName => "displayName",
            Self::GivenName => "givenName",
            Self::Mail => "mail",
            Self::MailNickname => "mailNickname",
            Self::ProxyAddresses => "proxyAddresses",
            Self::SamAccountName => "sAMAccountName",
            Self::TargetAddress => "targetAddress",
            Self::UserPrincipalName => "userPrincipalName",
        }
    }
}

/// For which kind of tenant a rule holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edition {
    /// For all.
    Any,
    /// For the multi-tenant service, which almost everybody has.
    MultiTenant,
    /// For the dedicated one.
    Dedicated,
}

/// What a rule may look at beside the value.
#[derive(Clone, Copy, Debug)]
pub struct Around<'a> {
    /// What the entry is.
    pub class: EntryClass,
    /// Its common name.
    pub cn: Option<&'a str>,
    /// Its mail address.
    pub mail: Option<&'a str>,
    /// Whether its sign-in name breaks no rule that is an error.
    pub signs_in: bool,
    /// A domain to propose where one cannot be reached.
    pub domain: Option<&'a str>,
}

/// A mended value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mended {
    /// The value.
    pub value: String,
    /// Whether nothing was taken away that could have worked, and nothing was guessed.
    pub safe: bool,
}

type Breaks = fn(&str, &Around<'_>) -> bool;
type Mend = fn(&str, &Around<'_>) -> Option<Mended>;

/// A rule.
#[derive(Clone, Copy)]
pub struct Rule {
    /// Its name: the field and what it asks.
    pub name: &'static str,
    /// Whose values it judges.
    pub field: Field,
    /// The kind of problem.
    pub kind: ProblemKind,
    /// How bad it is.
    pub severity: Severity,
    /// Where it holds.
    pub edition: Edition,
    /// The rule, for people.
    pub message: &'static str,
    breaks: Breaks,
    mend: Mend,
}

impl std::fmt::Debug for Rule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

impl Rule {
    /// Whether a value breaks it.
    pub fn is_broken(&self, value: &str, around: &Around<'_>) -> bool {
        (self.breaks)(value, around)
    }

    /// What to write instead; none where only a person can say.
    pub fn mended(&self, value: &str, around: &Around<'_>) -> Option<Mended> {
        (self.mend)(value, around)
    }

    /// How bad it is here: where a user has a good sign-in name, the account is made whatever its sAMAccountName.
    pub fn severity_in(&self, around: &Around<'_>) -> Severity {
        if self.field == Field::SamAccountName && around.signs_in { Severity::Warning } else { self.severity }
    }
}

/// The rules of one field, in the order in which their proposals build on each other.
pub fn rules_of(field: Field, dedicated: bool) -> impl Iterator<Item = &'static Rule> {
    RULES.iter().filter(move |rule| {
        rule.field == field
            && match rule.edition {
                Edition::Any => true,
                Edition::MultiTenant => !dedicated,
                Edition::Dedicated => dedicated,
            }
    })
}

/// The rule of this name.
pub fn rule(name: &str) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.name == name)
}

macro_rules! rules {
    ($( $name:literal $field:ident $kind:ident $severity:ident $edition:ident $message:literal $breaks:expr, $mend:expr; )*) => {
        /// Every rule.
        pub static RULES: &[Rule] = &[$(
            Rule {
                name: $name,
                field: Field::$field,
                kind: ProblemKind::$kind,
                severity: Severity::$severity,
                edition: Edition::$edition,
                message: $message,
                breaks: $breaks,
                mend: $mend,
            },
        )*];
    };
}

#[rustfmt::skip]
rules! {
    "displayName.blank" DisplayName Blank Error Any "where it is there, it is not blank"
        blank, |_, around| around.cn.map(str::trim).filter(|cn| !cn.is_empty()).map(safe);
    "displayName.ends" DisplayName Character Error Dedicated "no blanks at its ends"
        untrimmed, trimmed;
    "displayName.length" DisplayName Length Error Any "at most 256 characters"
        |value, _| text::is_longer(value, 256), |value, _| Some(guess(text::cut(value, 256).trim_end()));

    "givenName.length" GivenName Length Error Any "at most 64 characters"
        |value, _| text::is_longer(value, 64), |value, _| Some(guess(text::cut(value, 64).trim_end()));

    "mail.whitespace" Mail Character Error Dedicated "no white space"
        |value, _| value.contains(char::is_whitespace), |value, _| Some(stripped(value, char::is_whitespace));
    "mail.length" Mail Length Error Any "at most 256 characters"
        |value, _| text::is_longer(value, 256), nothing;
    "mail.duplicate" Mail Duplicate Error Any "no other object has it; of several the first one wins"
        never, nothing;

    "mailNickname.blank" MailNickname Blank Error Dedicated "where it is there, it is not blank"
        blank, nothing;
    "mailNickname.dot" MailNickname LocalPart Error Any "it does not begin with a dot"
        |value, _| value.starts_with('.'), |value, _| Some(safe(value.trim_start_matches('.')));
    "mailNickname.end" MailNickname LocalPart Error Dedicated "it does not end with a dot"
        |value, _| value.ends_with('.'), |value, _| Some(safe(value.trim_end_matches('.')));
    "mailNickname.replaced" MailNickname Character Warning MultiTenant "the cloud puts _ in place of characters that an alias cannot have"
        |value, _| value.contains(refused_in_alias), |value, _| Some(guess(&value.replace(refused_in_alias, "_")));
    "mailNickname.character" MailNickname Character Error Dedicated "no space and none of \\ ! # $ % & * + / = ? ^ ` { } | ~ < > ( ) ' ; : , [ ] \" @"
        |value, _| value.contains(refused_in_alias), |value, _| Some(stripped(value, refused_in_alias));
    "mailNickname.length" MailNickname Length Error Any "at most 64 characters"
        |value, _| text::is_longer(value, 64), |value, _| Some(guess(&text::cut(value, 64)));
    "mailNickname.duplicate" MailNickname Duplicate Error Any "no other object has it"
        never, nothing;

    "proxyAddresses.character" ProxyAddresses Character Error Any "no space and none of < > ( ) ; , [ ] \"; X400 and X500: no line breaks, tabs, [ ] \" '"
        refused_in_address, |value, _| Some(address_stripped(value, false));
    "proxyAddresses.colon" ProxyAddresses Character Warning Any "no colon after the address type"
        second_colon, |value, _| Some(without_colons(value));
    "proxyAddresses.diacritics" ProxyAddresses Character Warning Any "ASCII characters only"
        not_ascii_address, |value, _| plain_address(value);
    "proxyAddresses.format" ProxyAddresses Format Error Any "a mail address of the form local@domain (RFC 2822)"
        no_address, |value, _| Some(tidied_address(value));
    "proxyAddresses.topLevelDomain" ProxyAddresses TopLevelDomain Error Any "a domain that can be reached from the Internet"
        private_address, nothing;
    "proxyAddresses.length" ProxyAddresses Length Error Any "at most 256 characters"
        |value, _| text::is_longer(value, 256), nothing;
    "proxyAddresses.duplicate" ProxyAddresses Duplicate Error Any "no other user, group or contact has it"
        never, nothing;

    "sAMAccountName.character" SamAccountName Character Error Any "none of [ ] \\ \" | , / : < > + = ; ? *"
        |value, _| value.contains(refused_in_sam), |value, _| Some(guess(&value.replace(refused_in_sam, "")));
    "sAMAccountName.apostrophe" SamAccountName Character Warning Any "no apostrophe"
        |value, _| value.contains('\''), |value, _| Some(guess(&value.replace('\'', "")));
    "sAMAccountName.length" SamAccountName Length Error Any "at most 20 characters; of groups 256"
        |value, around| text::is_longer(value, if around.class == EntryClass::User { 20 } else { 256 }), nothing;
    "sAMAccountName.duplicate" SamAccountName Duplicate Error Any "no other object without a sign-in name has it"
        never, nothing;

    "targetAddress.character" TargetAddress Character Error Any "no space and none of \\ < > ( ) ; , [ ] \""
        refused_in_target, |value, _| Some(address_stripped(value, true));
    "targetAddress.colon" TargetAddress Character Warning Any "no colon after the address type"
        second_colon, |value, _| Some(without_colons(value));
    "targetAddress.diacritics" TargetAddress Character Warning Any "ASCII characters only"
        not_ascii_address, |value, _| plain_address(value);
    "targetAddress.format" TargetAddress Format Error Any "a mail address of the form local@domain (RFC 2822)"
        no_address, |value, _| Some(tidied_address(value));
    "targetAddress.topLevelDomain" TargetAddress TopLevelDomain Error Any "a domain that can be reached from the Internet"
        private_address, nothing;
    "targetAddress.length" TargetAddress Length Error Any "at most 256 characters"
        |value, _| text::is_longer(value, 256), nothing;
    "targetAddress.mailMatch" TargetAddress MailMatch Error Dedicated "it is the address in mail"
        other_than_mail, |_, around| around.mail.map(|mail| guess(&format!("SMTP:{}", mail.trim())));
    "targetAddress.duplicate" TargetAddress Duplicate Warning Any "no other object has it"
        never, nothing;

    "userPrincipalName.blank" UserPrincipalName Blank Warning Any "a user has a sign-in name; without one the cloud makes it of another name, in its initial domain"
        never, nothing;
    "userPrincipalName.character" UserPrincipalName Character Error Any "no space and none of \\ % & * + / = ? { } | < > ( ) ; : , [ ] \""
        |value, _| value.contains(refused_in_name), |value, _| Some(stripped(value, refused_in_name));
    "userPrincipalName.diacritics" UserPrincipalName Character Error Any "ASCII characters only: no umlauts, no accents"
        |value, _| !value.is_ascii(), |value, _| Some(guess(&text::plain(value)));
    "userPrincipalName.unexpected" UserPrincipalName Character Warning Any "only letters, digits and ' . - _ ! # ^ ~ are expected"
        |value, _| value.contains(unexpected_in_name), |value, _| Some(guess(&value.replace(unexpected_in_name, "")));
    "userPrincipalName.format" UserPrincipalName Format Error Any "one @, not at the beginning"
        |value, _| text::split_at_sign(value).is_none_or(|(local, _)| local.is_empty()), nothing;
    "userPrincipalName.localPart" UserPrincipalName LocalPart Error Any "what stands before the @ is parted by single dots and ends with neither a dot nor &"
        bad_local, |value, _| Some(guess(&text::tidy_dots(value)));
    "userPrincipalName.domainPart" UserPrincipalName DomainPart Error Any "what stands after the @ is a domain"
        bad_domain, |value, around| Some(in_domain(&text::tidy_dots(value), around));
    "userPrincipalName.topLevelDomain" UserPrincipalName TopLevelDomain Error Any "a domain that can be reached from the Internet"
        |value, _| text::split_at_sign(value).is_some_and(|(_, domain)| text::is_private_domain(domain)),
        |value, around| Some(in_domain(value, around));
    "userPrincipalName.length" UserPrincipalName Length Error Any "at most 113 characters"
        |value, _| text::is_longer(value, 113), nothing;
    "userPrincipalName.localLength" UserPrincipalName LocalPart Warning Any "at most 64 characters before the @"
        |value, _| text::split_at_sign(value).is_some_and(|(local, _)| text::is_longer(local, 64)), nothing;
    "userPrincipalName.domainLength" UserPrincipalName DomainPart Warning Any "at most 48 characters after the @"
        |value, _| text::split_at_sign(value).is_some_and(|(_, domain)| text::is_longer(domain, 48)), nothing;
    "userPrincipalName.duplicate" UserPrincipalName Duplicate Error Any "no other user has it"
        never, nothing;
}

fn safe(value: &str) -> Mended {
    Mended { value: value.to_owned(), safe: true }
}

fn guess(value: &str) -> Mended {
    Mended { value: value.to_owned(), safe: false }
}

/// Without these characters: safe where they were blanks and brackets around the value.
fn stripped(value: &str, refused: fn(char) -> bool) -> Mended {
    let (value, at_ends) = text::without(value, refused);
    Mended { value, safe: at_ends }
}

fn never(_: &str, _: &Around<'_>) -> bool {
    false
}

fn nothing(_: &str, _: &Around<'_>) -> Option<Mended> {
    None
}

fn blank(value: &str, _: &Around<'_>) -> bool {
    value.trim().is_empty()
}

fn untrimmed(value: &str, _: &Around<'_>) -> bool {
    value.trim() != value
}

fn trimmed(value: &str, _: &Around<'_>) -> Option<Mended> {
    Some(safe(value.trim()))
}

fn refused_in_alias(c: char) -> bool {
    c.is_whitespace() || "\\!#$%&*+/=?^`{}|~<>()';:,[]\"@".contains(c)
}

fn refused_in_sam(c: char) -> bool {
    "[]\\\"|,/:<>+=;?*".contains(c)
}

fn refused_in_name(c: char) -> bool {
    c.is_whitespace() || "\\%&*+/=?{}|<>();:,[]\"".contains(c)
}

fn unexpected_in_name(c: char) -> bool {
    c.is_ascii() && !c.is_ascii_alphanumeric() && !"'.-_!#^~@".contains(c) && !refused_in_name(c)
}

/// What an address of this type cannot hold.
fn refused(kind: AddressType, backslash: bool) -> fn(char) -> bool {
    match (kind, backslash) {
        (AddressType::X, _) => |c| "\u{c}\n\r\t\u{b}[]\"'".contains(c),
        (AddressType::Smtp, false) => |c| c.is_whitespace() || "<>();,[]\"".contains(c),
        (AddressType::Smtp, true) => |c| c.is_whitespace() || "<>();,[]\"\\".contains(c),
        (AddressType::Other, false) => |c| c.is_whitespace() || "<>(),[]\"".contains(c),
        (AddressType::Other, true) => |c| c.is_whitespace() || "<>(),[]\"\\".contains(c),
    }
}

fn has_refused(value: &str, backslash: bool) -> bool {
    let address = Address::of(value);
    let kind = address.kind();
    address.rest.contains(refused(kind, backslash))
        || (kind != AddressType::X && value.starts_with(char::is_whitespace))
}

fn refused_in_address(value: &str, _: &Around<'_>) -> bool {
    has_refused(value, false)
}

fn refused_in_target(value: &str, _: &Around<'_>) -> bool {
    has_refused(value, true)
}

fn address_stripped(value: &str, backslash: bool) -> Mended {
    let address = Address::of(value);
    let (rest, at_ends) = text::without(address.rest, refused(address.kind(), backslash));
    Mended { value: address.with(&rest), safe: at_ends }
}

fn is_mail(value: &str) -> Option<&str> {
    let address = Address::of(value);
    (address.kind() == AddressType::Smtp).then_some(address.rest)
}

fn second_colon(value: &str, _: &Around<'_>) -> bool {
    is_mail(value).is_some_and(|rest| rest.contains(':'))
}

fn without_colons(value: &str) -> Mended {
    let address = Address::of(value);
    guess(&address.with(&address.rest.replace(':', "")))
}

fn not_ascii_address(value: &str, _: &Around<'_>) -> bool {
    is_mail(value).is_some_and(|rest| !rest.is_ascii())
}

fn plain_address(value: &str) -> Option<Mended> {
    let address = Address::of(value);
    Some(guess(&address.with(&text::plain(address.rest))))
}

fn no_address(value: &str, _: &Around<'_>) -> bool {
    let good = |rest| {
        // A private domain has a row of its own.
        text::split_at_sign(rest).is_some_and(|(local, domain)| {
            text::is_local_part(local) && (text::is_domain(domain) || is_plain_label(domain))
        })
    };
    is_mail(value).is_some_and(|rest| !good(rest))
}

/// `contoso`: a domain without a dot.
fn is_plain_label(domain: &str) -> bool {
    !domain.is_empty() && domain.chars().all(|c| c.is_ascii_alphanumeric())
}

fn tidied_address(value: &str) -> Mended {
    let address = Address::of(value);
    guess(&address.with(&text::tidy_dots(address.rest)))
}

fn private_address(value: &str, _: &Around<'_>) -> bool {
    let domain = is_mail(value).and_then(|rest| Some(rest.split_once('@')?.1.trim()));
    domain.is_some_and(|domain| !domain.is_empty() && text::is_private_domain(domain))
}

fn other_than_mail(value: &str, around: &Around<'_>) -> bool {
    let mail = around.mail.map(|mail| mail.trim().to_lowercase());
    mail.is_some_and(|mail| Address::of(value).canonical() != mail)
}

fn bad_local(value: &str, _: &Around<'_>) -> bool {
    let local = text::split_at_sign(value).map_or("", |(local, _)| local);
    // What is wrong with the characters alone has rows of its own.
    !local.is_empty() && (local.ends_with('&') || local.split('.').any(str::is_empty))
}

fn bad_domain(value: &str, _: &Around<'_>) -> bool {
    text::split_at_sign(value).is_some_and(|(_, domain)| !text::is_domain(domain) && !is_plain_label(domain))
}

/// With the domain that the settings propose, where the own one cannot be reached.
fn in_domain(value: &str, around: &Around<'_>) -> Mended {
    match (text::split_at_sign(value), around.domain) {
        (Some((local, own)), Some(domain)) if text::is_private_domain(own) => {
            guess(&format!("{local}@{domain}"))
        }
        _ => guess(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_table_is_sound() {
        let names: BTreeSet<_> = RULES.iter().map(|rule| rule.name).collect();
        assert_eq!(names.len(), RULES.len(), "a name stands twice");
        for rule in RULES {
            let (field, _) = rule.name.split_once('.').unwrap();
            assert_eq!(field, rule.field.as_str(), "{}", rule.name);
            assert!(!rule.message.ends_with('.') && !rule.message.is_empty(), "{}", rule.name);
        }
        for field in Field::ALL {
            assert!(rules_of(field, false).count() > 0, "{field:?}");
        }
    }
}
