//! Entries of Active Directory, each another one: sound ones, odd ones, system accounts.

use lockstep_model::{AttributeName, Attributes, Entry, SourceAnchor};

/// A number from a number, spread over all of them.
fn spread(n: u64, salt: u64) -> u64 {
    let mut z = n.wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(salt.wrapping_mul(0xD1B5_4A32_D192_ED03));
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z ^ (z >> 29)
}

/// Values that an attribute may have; each entry has some of them, or none.
const POOL: &[(&str, &[&str])] = &[
    (
        "sAMAccountName",
        &["ann", "AAD_1", "MSOL_2", "CAS_{3", "SUPPORT_388945a0", "bob", "MSOL_AD_Sync_RichCoexistence"],
    ),
    ("userPrincipalName", &["ann@contoso.com", "Ann Lee", ""]),
    ("userAccountControl", &["512", "514", "66048", "x"]),
    ("displayName", &["Ann", "O'Neil", " ", "Eve (MSOL)"]),
    ("cn", &["Ann Lee", "Bob"]),
    ("givenName", &[" Ann ", "Zoë"]),
    ("sn", &["Lee", ""]),
    ("mail", &["ann@contoso.com", "no address"]),
    ("mailNickname", &["ann", "SystemMailbox{1", "CAS_{1}", "CAS_x"]),
    ("department", &["Department 1", "department 1", "Other"]),
    ("title", &["Clerk", "x"]),
    ("c", &["CH"]),
    ("co", &["Switzerland"]),
    ("countryCode", &["756", "many"]),
    ("telephoneNumber", &["+41 1"]),
    ("manager", &["CN=Bob,DC=contoso,DC=com", "nobody"]),
    ("adminDescription", &["User_x", "Group_x", "other"]),
    ("isCriticalSystemObject", &["TRUE", "FALSE"]),
    ("msExchRecipientTypeDetails", &["1", "2", "4096", "16384", "1073741824", "2147483648"]),
    ("msExchHideFromAddressLists", &["TRUE", "FALSE"]),
    ("targetAddress", &["SMTP:ann@contoso.mail.onmicrosoft.com"]),
    ("groupType", &["2", "-2147483646"]),
    ("managedBy", &["CN=Ann,DC=contoso,DC=com"]),
    ("pwdLastSet", &["0", "129699324000000000"]),
    ("extensionAttribute1", &[" x "]),
    ("description", &["text"]),
    ("info", &["text"]),
    ("contosoBadge", &["13", "7", "none"]),
    ("msRTCSIP-Line", &["tel:+411"]),
];

/// The same for attributes with several values.
const LISTS: &[(&str, &[&str])] = &[
    (
        "proxyAddresses",
        &["SMTP:ann@contoso.com", "smtp:a@contoso.com ", "smtp:a@contoso.com", "SMTP:none", "X500:/o=c"],
    ),
    ("member", &["CN=Ann,DC=contoso,DC=com", "CN=Bob,DC=contoso,DC=com", "nobody"]),
    ("contosoTags", &["a", "c", "d"]),
    ("otherTelephone", &["1", "2"]),
    ("url", &["https://contoso.com"]),
];

pub(crate) fn entry(n: u64) -> Entry {
    let mut attributes = Attributes::new();
    let classes: &[&str] = match spread(n, 1) % 10 {
        0..=4 => &["top", "person", "organizationalPerson", "user"],
        5 => &["top", "person", "organizationalPerson", "user", "inetOrgPerson"],
        6 => &["top", "person", "organizationalPerson", "user", "computer"],
        7 | 8 => &["top", "group"],
        _ => &["top", "person", "organizationalPerson", "contact"],
    };
    attributes.add(AttributeName::new("objectClass"), classes.iter().map(|class| class.as_bytes().to_vec()));
    for (at, (name, values)) in (10..).zip(POOL) {
        let roll = spread(n, at);
        // Most entries have the first value of what they have.
        let value = match roll % 16 {
            0..=8 => values.first(),
            9..=11 => values.get(usize::try_from(roll >> 8).unwrap_or(0) % values.len()),
            _ => None,
        };
        if let Some(value) = value.filter(|_| !name.starts_with("isCritical") || roll.is_multiple_of(4)) {
            attributes.add(AttributeName::new(name), [value.as_bytes().to_vec()]);
        }
    }
    for (at, (name, values)) in (100..).zip(LISTS) {
        let roll = spread(n, at);
        let chosen = values.iter().enumerate().filter(|(at, _)| roll >> at & 1 == 1).map(|(_, value)| value);
        let chosen: Vec<_> = chosen.map(|value| value.as_bytes().to_vec()).collect();
        if !chosen.is_empty() {
            attributes.add(AttributeName::new(name), chosen);
        }
    }
    if !spread(n, 2).is_multiple_of(12) {
        attributes.add(AttributeName::new("objectGUID"), [[n.to_be_bytes(), n.to_le_bytes()].concat()]);
    }
    if spread(n, 3).is_multiple_of(3) {
        attributes.add(AttributeName::new("mS-DS-ConsistencyGuid"), [vec![7; 16]]);
    }
    let dn = match spread(n, 4) % 8 {
        0 => "CN=Ann\\0ACNF:3f2504e0-4f89-11d3-9a0c-0305e82c3301,DC=contoso,DC=com".to_owned(),
        _ => format!("CN=Ann {n},OU=Staff,DC=contoso,DC=com"),
    };
    Entry { anchor: SourceAnchor::new(format!("anchor-{n}")).unwrap(), dn, attributes }
}
