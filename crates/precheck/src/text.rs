//! Characters, addresses and domains, as the cloud takes them. Each function looks at one text.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Top-level domains that are not on the public Internet: reserved (RFC 2606, RFC 6761, RFC 6762, RFC 7686, RFC 8375,
/// RFC 9476), set aside by ICANN for private use, or commonly used in directories and never delegated.
const PRIVATE: &[&str] = &[
    "alt",
    "arpa",
    "belkin",
    "corp",
    "domain",
    "example",
    "home",
    "internal",
    "intern",
    "intra",
    "intranet",
    "invalid",
    "lan",
    "loc",
    "local",
    "localdomain",
    "localhost",
    "mail",
    "onion",
    "private",
    "priv",
    "test",
    "workgroup",
];

/// Without these characters, and whether they stood at the ends only.
pub(crate) fn without(text: &str, refused: impl Fn(char) -> bool) -> (String, bool) {
    let trimmed = text.trim_matches(&refused);
    (text.chars().filter(|c| !refused(*c)).collect(), !trimmed.contains(&refused))
}

/// The first `limit` characters.
pub(crate) fn cut(text: &str, limit: usize) -> String {
    text.chars().take(limit).collect()
}

/// Whether there are more characters than that.
pub(crate) fn is_longer(text: &str, limit: usize) -> bool {
    text.chars().nth(limit).is_some()
}

/// Letters with marks, and the usual ligatures, in plain ASCII letters; what has no such form stays.
pub(crate) fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.nfd().filter(|c| !is_combining_mark(*c)) {
        match c {
            'ß' => out.push_str("ss"),
            'æ' => out.push_str("ae"),
            'Æ' => out.push_str("AE"),
            'œ' => out.push_str("oe"),
            'Œ' => out.push_str("OE"),
            'ø' => out.push('o'),
            'Ø' => out.push('O'),
            'đ' | 'ð' => out.push('d'),
            'Đ' | 'Ð' => out.push('D'),
            'ł' => out.push('l'),
            'Ł' => out.push('L'),
            'þ' => out.push_str("th"),
            'Þ' => out.push_str("Th"),
            'ı' => out.push('i'),
            _ => out.push(c),
        }
    }
    out
}

/// The parts before and after the only `@`; none where there is not exactly one.
pub(crate) fn split_at_sign(text: &str) -> Option<(&str, &str)> {
    let (local, domain) = text.split_once('@')?;
    (!domain.contains('@')).then_some((local, domain))
}

/// A dot-atom (RFC 2822 section 3.2.4) of ASCII: `ann.lee+x`.
pub(crate) fn is_local_part(local: &str) -> bool {
    let atom = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+/=?^_`{|}~-".contains(c);
    !local.is_empty() && local.split('.').all(|part| !part.is_empty() && part.chars().all(atom))
}

/// Labels of letters, digits and inner hyphens, two or more; the last one has letters alone (2 to 17), or is an
/// internationalized one in its ASCII form.
pub(crate) fn is_domain(domain: &str) -> bool {
    let label = |label: &str| {
        !label.is_empty()
            && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let Some((above, top)) = domain.rsplit_once('.') else { return false };
    let letters = (2..=17).contains(&top.len()) && top.chars().all(|c| c.is_ascii_alphabetic());
    let international = top.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("xn--")) && label(top);
    above.split('.').all(label) && (letters || international)
}

/// Whether mail from the Internet cannot reach the domain by its name: it has no dot, or ends in a private one.
pub(crate) fn is_private_domain(domain: &str) -> bool {
    let domain = domain.trim_end_matches('.');
    match domain.rsplit_once('.') {
        Some((_, top)) => PRIVATE.iter().any(|private| private.eq_ignore_ascii_case(top)),
        None => true,
    }
}

/// Dots one after another, and those at the ends, of the local part and of the domain taken away.
pub(crate) fn tidy_dots(address: &str) -> String {
    let tidy = |part: &str| part.split('.').filter(|p| !p.is_empty()).collect::<Vec<_>>().join(".");
    match split_at_sign(address) {
        Some((local, domain)) => format!("{}@{}", tidy(local), tidy(domain)),
        None => address.to_owned(),
    }
}

/// What stands in `proxyAddresses` and `targetAddress`: an address with its type in front.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Address<'a> {
    /// `SMTP:`, `smtp:`, `X500:`; empty where there is none, which means SMTP.
    pub(crate) prefix: &'a str,
    /// What follows.
    pub(crate) rest: &'a str,
}

/// How an address is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AddressType {
    /// Mail.
    Smtp,
    /// `X400:` and `X500:`.
    X,
    /// Any other (`SIP:`, `EUM:`).
    Other,
}

impl<'a> Address<'a> {
    /// Parts a value.
    pub(crate) fn of(value: &'a str) -> Self {
        let value = value.trim_start();
        let prefix = value.find(':').filter(|at| {
            let name = value.get(..*at).unwrap_or_default();
            (1..=9).contains(&name.len()) && name.chars().all(|c| c.is_ascii_alphanumeric())
        });
        let (prefix, rest) = value.split_at(prefix.map_or(0, |at| at + 1));
        Self { prefix, rest }
    }

    /// How it is judged.
    pub(crate) fn kind(self) -> AddressType {
        let is = |name: &str| self.prefix.eq_ignore_ascii_case(name);
        if self.prefix.is_empty() || is("smtp:") {
            AddressType::Smtp
        } else if is("x400:") || is("x500:") {
            AddressType::X
        } else {
            AddressType::Other
        }
    }

    /// With another text after the type.
    pub(crate) fn with(self, rest: &str) -> String {
        format!("{}{rest}", self.prefix)
    }

    /// Whether it is mail, and not the primary address.
    pub(crate) fn is_secondary(self) -> bool {
        self.prefix == "smtp:"
    }

    /// The form by which it is compared: mail without its prefix, in lower case.
    pub(crate) fn canonical(self) -> String {
        match self.kind() {
            AddressType::Smtp => self.rest.trim().to_lowercase(),
            AddressType::X | AddressType::Other => {
                format!("{}{}", self.prefix.to_lowercase(), self.rest.trim().to_lowercase())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_parted_and_compared() {
        for (value, prefix, kind, canonical) in [
            ("SMTP:Ann@contoso.com", "SMTP:", AddressType::Smtp, "ann@contoso.com"),
            ("smtp:ann@contoso.com", "smtp:", AddressType::Smtp, "ann@contoso.com"),
            ("ann@contoso.com", "", AddressType::Smtp, "ann@contoso.com"),
            ("X500:/o=Ex/cn=Ann", "X500:", AddressType::X, "x500:/o=ex/cn=ann"),
            ("SIP:ann@contoso.com", "SIP:", AddressType::Other, "sip:ann@contoso.com"),
            ("not a prefix:x", "", AddressType::Smtp, "not a prefix:x"),
        ] {
            let address = Address::of(value);
            assert_eq!(
                (address.prefix, address.kind(), address.canonical().as_str()),
                (prefix, kind, canonical)
            );
        }
    }

    #[test]
    fn domains_and_local_parts() {
        for (domain, good, private) in [
            ("contoso.com", true, false),
            ("a.b-c.co.uk", true, false),
            ("contoso.xn--p1ai", true, false),
            ("contoso.local", true, true),
            ("CONTOSO.LAN", true, true),
            ("contoso", false, true),
            ("-a.com", false, false),
            ("a..com", false, false),
            ("contoso.c", false, false),
            ("contoso.c0m", false, false),
        ] {
            assert_eq!((is_domain(domain), is_private_domain(domain)), (good, private), "{domain}");
        }
        for (local, good) in [
            ("ann.lee", true),
            ("o'hara+x", true),
            (".ann", false),
            ("ann.", false),
            ("a..b", false),
            ("ä", false),
        ] {
            assert_eq!(is_local_part(local), good, "{local}");
        }
        assert_eq!(plain("Zoë Müßig-Łęcki Ørsted"), "Zoe Mussig-Lecki Orsted");
        assert_eq!(tidy_dots(".a..b.@contoso..com."), "a.b@contoso.com");
    }
}
