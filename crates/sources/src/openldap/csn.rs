//! Change sequence numbers of OpenLDAP: `20261122101010.123456Z#000000#001#000000`, that is time, count, server
//! id, modification count. Of one server id, the greater text is the later change.

use std::collections::BTreeMap;

/// The newest change of each server id.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Csns(BTreeMap<String, String>);

impl Csns {
    /// Those in a cookie: `rid=000,sid=001,csn=...;...,delcsn=...`. None that can be read: empty.
    pub(super) fn of_cookie(cookie: &[u8]) -> Self {
        let Ok(text) = std::str::from_utf8(cookie) else { return Self::default() };
        Self::of_values(
            text.split(',').filter_map(|part| part.strip_prefix("csn=")).flat_map(|csn| csn.split(';')),
        )
    }

    /// Those of a `contextCSN` attribute.
    pub(super) fn of_values<'a>(values: impl IntoIterator<Item = &'a str>) -> Self {
        let mut csns = BTreeMap::new();
        for csn in values {
            let Some(server) = csn.split('#').nth(2).filter(|server| !server.is_empty()) else { continue };
            let newest = csns.entry(server.to_owned()).or_insert_with(String::new);
            if csn > newest.as_str() {
                csn.clone_into(newest);
            }
        }
        Self(csns)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The newest of all, by time.
    pub(super) fn newest(&self) -> Option<&str> {
        self.0.values().max().map(String::as_str)
    }

    /// The first of `self` that `server` is behind: ours, and what it has of that server id.
    pub(super) fn ahead_of<'a>(&'a self, server: &'a Self) -> Option<(&'a str, Option<&'a str>)> {
        self.0.iter().find_map(|(id, ours)| match server.0.get(id) {
            Some(theirs) if theirs >= ours => None,
            theirs => Some((ours.as_str(), theirs.map(String::as_str))),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = "20261122101010.000001Z#000000#001#000000";
    const NEW: &str = "20261122101010.000002Z#000000#001#000000";
    const OTHER: &str = "20200101000000.000000Z#000000#002#000000";

    #[test]
    fn cookies_hold_csns() {
        let check = |cookie: &str, expect: &[&str]| {
            assert_eq!(
                Csns::of_cookie(cookie.as_bytes()),
                Csns::of_values(expect.iter().copied()),
                "{cookie}"
            );
        };
        check("", &[]);
        check("rid=000", &[]);
        check(&format!("rid=000,csn={NEW}"), &[NEW]);
        check(&format!("rid=000,sid=001,csn={OLD};{OTHER},delcsn={NEW}"), &[OLD, OTHER]);
        check(&format!("rid=000,csn={OLD};{NEW}"), &[NEW]);
        check("rid=000,csn=garbage", &[]);
        check("localhost:389#cn=x:dc=y:(a=b)#17", &[]);
        assert!(Csns::of_cookie(&[0xff, 0xfe]).is_empty());
    }

    #[test]
    fn being_behind_is_judged_by_server_id() {
        let csns = |values: &[&str]| Csns::of_values(values.iter().copied());
        let check = |ours: &[&str], theirs: &[&str], expect: Option<(&str, Option<&str>)>| {
            assert_eq!(csns(ours).ahead_of(&csns(theirs)), expect, "{ours:?} {theirs:?}");
        };
        check(&[OLD], &[NEW], None);
        check(&[NEW], &[NEW], None);
        check(&[NEW], &[OLD], Some((NEW, Some(OLD))));
        check(&[NEW], &[OTHER], Some((NEW, None)));
        check(&[NEW, OTHER], &[NEW], Some((OTHER, None)));
        check(&[OLD], &[NEW, OTHER], None);
        check(&[], &[], None);
        assert_eq!(csns(&[OLD, OTHER]).newest(), Some(OLD));
    }
}
