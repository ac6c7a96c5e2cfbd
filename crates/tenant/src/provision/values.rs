//! The form of values: addresses, sign-in names, lengths.
//!
//! Sources: "Prepare to provision users through directory synchronization" (Microsoft 365) for characters and
//! lengths; Microsoft Graph's resource `user` for the lengths that page does not name.

use lockstep_model::{Properties, Property};

/// Why a value is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Problem {
    /// This character is not allowed.
    Character(char),
    /// Nothing usable stands after the `@`, or there is none.
    NoDomain,
    /// Nothing stands before the `@`.
    NoLocalPart,
    /// It is put together wrongly.
    Form,
    /// It has more characters than this.
    Length(usize),
}

/// Characters an address may have, its prefix not counted.
pub(super) const ADDRESS_LIMIT: usize = 256;
/// Addresses one object may have: what fits into a cloud object beside the rest.
pub(super) const ADDRESSES_LIMIT: usize = 300;
/// Characters of a sign-in name: 64, `@`, 48.
pub(super) const SIGN_IN_NAME_LIMIT: usize = 113;
const LOCAL_PART_LIMIT: usize = 64;
const DOMAIN_LIMIT: usize = 48;

/// Characters (Unicode scalar values) that a text, or one value of a list, may have.
pub(super) const fn limit_of(property: Property) -> usize {
    match property {
        Property::GivenName
        | Property::Surname
        | Property::MailNickname
        | Property::CompanyName
        | Property::EmployeeId
        | Property::DeviceId
        | Property::TrustType
        | Property::BusinessPhones
        | Property::HomePhones
        | Property::MobilePhone
        | Property::FaxNumber
        | Property::PreferredLanguage => 64,
        Property::JobTitle
        | Property::Department
        | Property::OfficeLocation
        | Property::City
        | Property::OperatingSystem
        | Property::OperatingSystemVersion
        | Property::State
        | Property::Country => 128,
        Property::PostalCode => 40,
        Property::DisplayName | Property::EmployeeType | Property::OnPremisesSamAccountName => 256,
        Property::StreetAddress | Property::Description | Property::OnPremisesUserPrincipalName => 1_024,
        Property::OnPremisesDistinguishedName => 4_096,
        // These have rules of their own.
        Property::Mail | Property::ProxyAddresses | Property::UserPrincipalName => usize::MAX,
        Property::AccountEnabled | Property::MailEnabled | Property::SecurityEnabled => usize::MAX,
    }
}

/// The first `limit` characters, if there are more.
pub(super) fn cut(text: &str, limit: usize) -> Option<&str> {
    if text.len() <= limit {
        return None;
    }
    text.char_indices().nth(limit).and_then(|(end, _)| text.get(..end))
}

/// Splits an address into prefix and rest; `None` as prefix where it has none.
pub(super) fn split_prefix(address: &str) -> (Option<&str>, &str) {
    match address.split_once(':') {
        Some((prefix, rest)) if !prefix.is_empty() && prefix.bytes().all(|b| b.is_ascii_alphanumeric()) => {
            (Some(prefix), rest)
        }
        _ => (None, address),
    }
}

/// Whether the prefix is SMTP's; an address without prefix counts as one.
pub(super) fn is_smtp(prefix: Option<&str>) -> bool {
    prefix.is_none_or(|prefix| prefix.eq_ignore_ascii_case("smtp"))
}

/// The form in which addresses are compared: lower case, with prefix (`smtp:` where there is none).
pub fn address_key(address: &str) -> String {
    let (prefix, rest) = split_prefix(address);
    let mut key = prefix.unwrap_or("smtp").to_ascii_lowercase();
    key.push(':');
    if rest.is_ascii() {
        key.push_str(rest);
        key.make_ascii_lowercase();
    } else {
        key.push_str(&rest.to_lowercase());
    }
    key
}

/// The primary address, with prefix: the value with `SMTP:` in capitals, else `mail`.
pub(super) fn primary_address(properties: &Properties) -> Option<String> {
    let marked = properties.list(Property::ProxyAddresses).iter().find(|a| a.starts_with("SMTP:")).cloned();
    marked.or_else(|| properties.text(Property::Mail).map(|mail| format!("SMTP:{mail}")))
}

/// Looks at an SMTP address, given without prefix.
pub(super) fn check_smtp(address: &str) -> Result<(), Problem> {
    if cut(address, ADDRESS_LIMIT).is_some() {
        return Err(Problem::Length(ADDRESS_LIMIT));
    }
    let bad = |c: char| !c.is_ascii_graphic() || "<>()[];:,\"\\".contains(c);
    if let Some(c) = address.chars().find(|c| bad(*c)) {
        return Err(Problem::Character(c));
    }
    let (local, domain) = address.split_once('@').ok_or(Problem::NoDomain)?;
    if local.is_empty() {
        return Err(Problem::NoLocalPart);
    }
    if domain.is_empty() {
        return Err(Problem::NoDomain);
    }
    if domain.contains('@') || local.starts_with('.') || local.ends_with('.') || local.contains("..") {
        return Err(Problem::Form);
    }
    check_domain(domain)
}

/// Looks at an address that is not SMTP's (X500, SIP, ...), given without prefix.
pub(super) fn check_other(address: &str) -> Result<(), Problem> {
    if cut(address, ADDRESS_LIMIT).is_some() {
        return Err(Problem::Length(ADDRESS_LIMIT));
    }
    match address.chars().find(|c| c.is_control() || "[]\"".contains(*c)) {
        Some(c) => Err(Problem::Character(c)),
        None if address.is_empty() => Err(Problem::Form),
        None => Ok(()),
    }
}

/// Looks at a sign-in name, and answers its domain.
pub(super) fn check_sign_in_name(name: &str) -> Result<&str, Problem> {
    if cut(name, SIGN_IN_NAME_LIMIT).is_some() {
        return Err(Problem::Length(SIGN_IN_NAME_LIMIT));
    }
    let Some((local, domain)) = name.split_once('@') else {
        return Err(Problem::NoDomain);
    };
    if local.is_empty() {
        return Err(Problem::NoLocalPart);
    }
    if domain.is_empty() {
        return Err(Problem::NoDomain);
    }
    let allowed = |c: char| c.is_ascii_alphanumeric() || "'.-_!#^~".contains(c);
    if let Some(c) = local.chars().find(|c| !allowed(*c)) {
        return Err(Problem::Character(c));
    }
    if let Some(c) = domain.chars().find(|c| !(c.is_ascii_alphanumeric() || ".-_".contains(*c))) {
        return Err(Problem::Character(c));
    }
    if local.ends_with('.') || domain.starts_with('.') || domain.ends_with('.') || domain.contains("..") {
        return Err(Problem::Form);
    }
    if local.len() > LOCAL_PART_LIMIT || domain.len() > DOMAIN_LIMIT {
        return Err(Problem::Length(SIGN_IN_NAME_LIMIT));
    }
    Ok(domain)
}

fn check_domain(domain: &str) -> Result<(), Problem> {
    if !domain.contains('.') {
        return Err(Problem::NoDomain);
    }
    let good = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    if domain.split('.').all(good) { Ok(()) } else { Err(Problem::Form) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        let check = |text: &str, expect| assert_eq!(check_smtp(text), expect, "{text}");
        check("ann@contoso.com", Ok(()));
        check("ann.o'neil+x@mail.contoso.com", Ok(()));
        check("ann lee@contoso.com", Err(Problem::Character(' ')));
        check("änn@contoso.com", Err(Problem::Character('ä')));
        check("ann;bob@contoso.com", Err(Problem::Character(';')));
        check("ann", Err(Problem::NoDomain));
        check("ann@", Err(Problem::NoDomain));
        check("ann@contoso", Err(Problem::NoDomain));
        check("@contoso.com", Err(Problem::NoLocalPart));
        check("ann@bob@contoso.com", Err(Problem::Form));
        check("ann@contoso..com", Err(Problem::Form));
        check("ann@-contoso.com", Err(Problem::Form));
        check(".ann@contoso.com", Err(Problem::Form));
        check(&format!("{}@contoso.com", "a".repeat(244)), Ok(()));
        check(&format!("{}@contoso.com", "a".repeat(245)), Err(Problem::Length(256)));
    }

    #[test]
    fn sign_in_names() {
        let check = |text: &str, expect| assert_eq!(check_sign_in_name(text), expect, "{text}");
        check("ann@contoso.com", Ok("contoso.com"));
        check("a'n-n_!#^~.b@contoso.com", Ok("contoso.com"));
        check("ann+x@contoso.com", Err(Problem::Character('+')));
        check("ann lee@contoso.com", Err(Problem::Character(' ')));
        check("ann", Err(Problem::NoDomain));
        check("ann@", Err(Problem::NoDomain));
        check("@contoso.com", Err(Problem::NoLocalPart));
        check("ann@b@c", Err(Problem::Character('@')));
        check("ann.@contoso.com", Err(Problem::Form));
        check(&format!("{}@contoso.com", "a".repeat(64)), Ok("contoso.com"));
        check(&format!("{}@contoso.com", "a".repeat(65)), Err(Problem::Length(113)));
    }

    #[test]
    fn keys_have_no_case() {
        let check = |text: &str, expect: &str| assert_eq!(address_key(text), expect);
        check("SMTP:Ann@Contoso.com", "smtp:ann@contoso.com");
        check("Ann@Contoso.com", "smtp:ann@contoso.com");
        check("X500:/o=Contoso", "x500:/o=contoso");
        check("smtp:ÄNN@x.y", "smtp:änn@x.y");
    }

    #[test]
    fn cutting_counts_characters() {
        assert_eq!(cut("ab", 2), None);
        assert_eq!(cut("äö", 2), None);
        assert_eq!(cut("äöü", 2), Some("äö"));
        assert_eq!(cut("", 0), None);
    }
}
