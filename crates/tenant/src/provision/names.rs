//! Names that the tenant makes itself: nicknames, placeholders, the words a person is found by.

use super::values::{self, is_smtp, split_prefix};
use lockstep_model::{Properties, Property};

/// How many different four-digit numbers there are.
pub(super) const NUMBERS: u32 = 10_000;

/// The nickname of a user, first that exists: mailNickname, what stands before the `@` of the primary address,
/// of mail, of the sign-in name, of another address. Then the account name, and last the anchor, so that
/// everybody has one. Characters that a sign-in name may not have become `_`; at most 64.
pub(super) fn nickname(sent: &Properties, anchor: &str) -> String {
    let local = |text: &str| text.split('@').next().unwrap_or_default().to_owned();
    let address = |primary: bool| {
        let mut smtp = sent
            .list(Property::ProxyAddresses)
            .iter()
            .filter(move |a| a.starts_with("SMTP:") == primary && is_smtp(split_prefix(a).0));
        smtp.next().map(|a| local(split_prefix(a).1))
    };
    let text = |property| sent.text(property).map(str::to_owned);
    let candidates = [
        text(Property::MailNickname),
        address(true),
        text(Property::Mail).map(|mail| local(&mail)),
        text(Property::UserPrincipalName).map(|name| local(&name)),
        address(false),
        text(Property::OnPremisesSamAccountName),
        Some(format!("user-{anchor}")),
    ];
    candidates
        .into_iter()
        .flatten()
        .map(|name| clean(&name))
        .find(|name| !name.is_empty())
        .unwrap_or_default()
}

/// A text as the local part of a sign-in name: what is not allowed becomes `_`, at most 64 characters.
pub(super) fn clean(text: &str) -> String {
    let allowed = |c: char| if c.is_ascii_alphanumeric() || "'.-_!#^~".contains(c) { c } else { '_' };
    let cleaned: String = text.trim().trim_start_matches('.').chars().take(64).map(allowed).collect();
    cleaned.trim_end_matches('.').to_owned()
}

/// The placeholder of a name that is taken: `<prefix><4 digits>@<initial domain>`. The digits come from the
/// anchor, so that the same object gets the same placeholder again; `draw` counts from 0 and never repeats.
pub(super) fn placeholder(prefix: &str, anchor: &str, draw: u32, initial_domain: &str) -> String {
    // FNV-1a: stable across versions and platforms, which the standard library's hasher is not.
    let hash = anchor.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let first = u32::try_from((hash >> 32) % u64::from(NUMBERS)).unwrap_or(0);
    // 7,919 is prime and no divisor of 10,000: every number comes once.
    let number = (first + draw.wrapping_mul(7_919) % NUMBERS) % NUMBERS;
    let prefix = values::cut(prefix, 60).unwrap_or(prefix);
    format!("{prefix}{number:04}@{initial_domain}")
}

/// A name as it is sorted and compared: lower case of all scripts.
pub fn name_key(text: &str) -> String {
    if text.is_ascii() { text.to_ascii_lowercase() } else { text.to_lowercase() }
}

/// The words of a text, in lower case, sorted, without doubles, each of at most 32 characters; at most 16.
pub fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = text
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(|word| name_key(values::cut(word, 32).unwrap_or(word)))
        .take(16)
        .collect();
    words.sort_unstable();
    words.dedup();
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_nickname_is_the_first_that_exists() {
        let mut p = Properties::new();
        let mut check = |property: Option<(Property, &str)>, expect: &str| {
            match property {
                Some((Property::ProxyAddresses, text)) => {
                    let mut list = p.list(Property::ProxyAddresses).to_vec();
                    list.push(text.to_owned());
                    p.set_list(Property::ProxyAddresses, list);
                }
                Some((property, text)) => p.set_text(property, text),
                None => {}
            }
            assert_eq!(nickname(&p, "an/chor="), expect);
        };
        check(None, "user-an_chor_");
        check(Some((Property::OnPremisesSamAccountName, "sam")), "sam");
        check(Some((Property::ProxyAddresses, "smtp:other@x.y")), "other");
        check(Some((Property::UserPrincipalName, "upn@x.y")), "upn");
        check(Some((Property::Mail, "mäil@x.y")), "m_il");
        check(Some((Property::ProxyAddresses, "SMTP:primary@x.y")), "primary");
        check(Some((Property::MailNickname, ".nick name.")), "nick_name");
    }

    #[test]
    fn a_placeholder_is_the_same_again_and_every_draw_another() {
        assert_eq!(placeholder("ann", "a", 0, "x.y"), placeholder("ann", "a", 0, "x.y"));
        let all: BTreeSet<String> = (0..NUMBERS).map(|draw| placeholder("ann", "a", draw, "x.y")).collect();
        assert_eq!(all.len(), 10_000);
        assert!(all.iter().all(|name| name.len() == "ann0000@x.y".len()));
    }

    #[test]
    fn words_of_any_script() {
        assert_eq!(words("Ann-Marie LEE, Ann"), ["ann", "lee", "marie"]);
        assert_eq!(words("Ærø ŁUKASZ 山田太郎"), ["ærø", "łukasz", "山田太郎"]);
        assert!(words(" - ").is_empty());
    }
}
