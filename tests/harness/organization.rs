//! A small organization that changes at random, from a seed: the same seed makes the same content and the same
//! operations. It knows what it asked of the directory only as far as the next operation needs it.

use crate::ldif::line;
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// Random numbers from a seed (splitmix64): the same on every machine.
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    /// Starts at a seed.
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number.
    pub const fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `n`; 0 where `n` is 0.
    pub const fn below(&mut self, n: usize) -> usize {
        let roll = self.roll();
        if n == 0 { 0 } else { (roll % n as u64) as usize }
    }

    /// True in so many of a hundred cases.
    pub const fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }
}

/// How many of what there are at the beginning.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    /// People.
    pub people: usize,
    /// Groups.
    pub groups: usize,
}

#[derive(Clone, Debug)]
struct Unit {
    rdn: String,
    /// The first unit hangs on the suffix.
    parent: Option<usize>,
}

#[derive(Clone, Debug)]
struct Person {
    rdn: String,
    uid: String,
    unit: usize,
    mail: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum GroupKind {
    Names,
    UniqueNames,
    Posix,
}

#[derive(Clone, Debug)]
struct Group {
    cn: String,
    kind: GroupKind,
    /// DNs or uids as they were written.
    members: BTreeSet<String>,
}

/// The organization.
#[derive(Clone, Debug)]
pub struct Organization {
    suffix: String,
    dice: Dice,
    units: Vec<Unit>,
    people: Vec<Person>,
    groups: Vec<Group>,
    made: u32,
}

/// One operation: its name for messages, and the records for `ldapmodify`.
#[derive(Clone, Debug)]
pub struct Step {
    /// `move person`, ...
    pub name: &'static str,
    /// LDIF change records.
    pub records: String,
}

const UNITS: &[(&str, usize)] = &[
    ("ou=Sales", 0),
    ("ou=Research and Development", 0),
    ("ou=Büro Zürich", 0),
    ("ou=Field", 1),
    ("ou=Lab\\, small", 2),
];
const NAMES: &[(&str, &str)] = &[
    ("Ann", "Lee"),
    ("Jürgen", "Müller"),
    ("Zoë", "O'Brien"),
    ("Александр", "Иванов"),
    ("小明", "王"),
    ("Łukasz", "Żak"),
    ("María José", "Núñez"),
    ("Bo", "Ek"),
];
const TITLES: &[&str] = &["Engineer", "Sales Manager", "Geschäftsführer", "Assistant", "部長"];

impl Organization {
    /// A new one.
    pub fn new(suffix: &str, seed: u64, size: Size) -> Self {
        let mut organization = Self {
            suffix: suffix.to_owned(),
            dice: Dice::new(seed),
            units: vec![Unit { rdn: "ou=people".into(), parent: None }],
            people: Vec::new(),
            groups: Vec::new(),
            made: 0,
        };
        organization
            .units
            .extend(UNITS.iter().map(|(rdn, parent)| Unit { rdn: (*rdn).into(), parent: Some(*parent) }));
        for _ in 0..size.people {
            organization.new_person();
        }
        for _ in 0..size.groups {
            organization.new_group();
        }
        organization
    }

    /// Its content as LDIF for `slapadd`, parents first, the suffix's entry and `ou=groups` included.
    pub fn ldif(&mut self) -> String {
        let mut text = String::new();
        let dc = self.suffix.split(['=', ',']).nth(1).unwrap_or_default();
        let _ = writeln!(
            text,
            "dn: {}\nobjectClass: dcObject\nobjectClass: organization\no: Contoso\ndc: {dc}\n",
            self.suffix
        );
        let _ =
            writeln!(text, "dn: ou=groups,{}\nobjectClass: organizationalUnit\nou: groups\n", self.suffix);
        for unit in 0..self.units.len() {
            let dn = self.unit_dn(unit);
            let name = self.units.get(unit).and_then(|unit| unit.rdn.split_once('=')).unwrap_or_default().1;
            text.push_str(&line("dn", &dn));
            text.push_str("objectClass: organizationalUnit\n");
            text.push_str(&line("ou", &name.replace('\\', "")));
            text.push('\n');
        }
        for person in self.people.clone() {
            text.push_str(&self.person_entry(&person));
            text.push('\n');
        }
        for group in self.groups.clone() {
            text.push_str(&self.group_entry(&group));
            text.push('\n');
        }
        text
    }

    /// The next operation. Each is one that the directory takes.
    pub fn step(&mut self) -> Step {
        loop {
            let step = match self.dice.below(100) {
                0..12 => self.add_person(),
                12..34 => self.modify_person(),
                34..36 => self.swap_mails(),
                36..38 => self.claim_mail(),
                38..46 => self.rename_person(),
                46..52 => self.move_person(),
                52..56 => self.move_unit(),
                56..64 => self.delete_person(),
                64..69 => self.recreate_person(),
                69..79 => self.add_member(),
                79..88 => self.remove_member(),
                88..91 => self.add_group(),
                91..94 => self.delete_group(),
                94..97 => self.rename_group(),
                _ => self.modify_group(),
            };
            if let Some(step) = step {
                return step;
            }
        }
    }

    fn add_person(&mut self) -> Option<Step> {
        let at = self.new_person();
        let person = self.people.get(at)?.clone();
        Some(Step { name: "add person", records: added(&self.person_entry(&person)) })
    }

    fn modify_person(&mut self) -> Option<Step> {
        let at = self.any_person()?;
        let dn = self.person_dn(at)?;
        let boss = self.any_person().and_then(|boss| self.person_dn(boss)).filter(|boss| *boss != dn);
        let number = self.dice.below(10_000);
        let title = self.title();
        let mut records = String::new();
        match self.dice.below(9) {
            0 => records.push_str(&replaced(&dn, "title", &[title])),
            1 => records.push_str(&replaced(&dn, "displayName", &[format!("{title} {number}")])),
            2 => {
                let phones = [format!("+41 44 {number}"), format!("+41 43 {number}")];
                records.push_str(&replaced(&dn, "telephoneNumber", &phones));
            }
            3 => records.push_str(&replaced(&dn, "telephoneNumber", &[])),
            4 => records.push_str(&replaced(&dn, "departmentNumber", &[format!("D{number}")])),
            5 => records.push_str(&replaced(&dn, "manager", boss.as_slice())),
            6 => records.push_str(&replaced(&dn, "manager", &[])),
            7 => {
                // Two changes of one entry in a row.
                records.push_str(&replaced(&dn, "l", &["Zürich".into()]));
                records.push_str(&replaced(&dn, "l", &[format!("Town {number}")]));
            }
            _ => {
                self.made += 1;
                let person = self.people.get_mut(at)?;
                person.mail = match self.made % 6 {
                    0 => None,
                    1 => Some(format!("m{}@contoso.local", self.made)),
                    _ => Some(format!("m{}@contoso.com", self.made)),
                };
                records.push_str(&replaced(&dn, "mail", person.mail.as_slice()));
            }
        }
        Some(Step { name: "modify person", records })
    }

    fn swap_mails(&mut self) -> Option<Step> {
        let (a, b) = (self.any_person()?, self.any_person()?);
        let (mail_a, mail_b) = (self.people.get(a)?.mail.clone()?, self.people.get(b)?.mail.clone()?);
        if a == b || mail_a == mail_b {
            return None;
        }
        let mut records = replaced(&self.person_dn(a)?, "mail", std::slice::from_ref(&mail_b));
        records.push_str(&replaced(&self.person_dn(b)?, "mail", std::slice::from_ref(&mail_a)));
        self.people.get_mut(a)?.mail = Some(mail_b);
        self.people.get_mut(b)?.mail = Some(mail_a);
        Some(Step { name: "swap mails", records })
    }

    fn claim_mail(&mut self) -> Option<Step> {
        let (a, b) = (self.any_person()?, self.any_person()?);
        let mail = self.people.get(b)?.mail.clone()?;
        let records = replaced(&self.person_dn(a)?, "mail", std::slice::from_ref(&mail));
        self.people.get_mut(a)?.mail = Some(mail);
        Some(Step { name: "claim another's mail", records })
    }

    fn rename_person(&mut self) -> Option<Step> {
        let at = self.any_person()?;
        let dn = self.person_dn(at)?;
        self.made += 1;
        let uid = format!("p{}", self.made);
        let keeps_old = self.dice.chance(20);
        let person = self.people.get_mut(at)?;
        person.rdn = format!("uid={uid}");
        if !keeps_old {
            person.uid = uid;
        }
        Some(Step { name: "rename person", records: renamed(&dn, &person.rdn, !keeps_old, None) })
    }

    fn move_person(&mut self) -> Option<Step> {
        let at = self.any_person()?;
        let dn = self.person_dn(at)?;
        let to = self.dice.below(self.units.len());
        let person = self.people.get_mut(at)?;
        if person.unit == to {
            return None;
        }
        person.unit = to;
        let rdn = person.rdn.clone();
        Some(Step { name: "move person", records: renamed(&dn, &rdn, false, Some(&self.unit_dn(to))) })
    }

    fn move_unit(&mut self) -> Option<Step> {
        let at = 1 + self.dice.below(self.units.len() - 1);
        let to = self.dice.below(self.units.len());
        if self.is_within(to, at) {
            return None;
        }
        let dn = self.unit_dn(at);
        let superior = self.unit_dn(to);
        let renames = self.dice.chance(50);
        self.made += 1;
        let rdn = if renames { format!("ou=Unit {}", self.made) } else { self.units.get(at)?.rdn.clone() };
        let unit = self.units.get_mut(at)?;
        unit.rdn.clone_from(&rdn);
        unit.parent = Some(to);
        Some(Step { name: "move subtree", records: renamed(&dn, &rdn, renames, Some(&superior)) })
    }

    fn delete_person(&mut self) -> Option<Step> {
        let at = self.any_person()?;
        if self.people.len() < 20 {
            return None;
        }
        let dn = self.person_dn(at)?;
        self.people.swap_remove(at);
        Some(Step { name: "delete person", records: deleted(&dn) })
    }

    fn recreate_person(&mut self) -> Option<Step> {
        let at = self.any_person()?;
        let dn = self.person_dn(at)?;
        let person = self.people.get(at)?.clone();
        let mut records = deleted(&dn);
        records.push_str(&added(&self.person_entry(&person)));
        Some(Step { name: "re-create person", records })
    }

    fn add_member(&mut self) -> Option<Step> {
        let at = self.any_group()?;
        let (dn, kind) = (self.group_dn(at)?, self.groups.get(at)?.kind);
        let member = self.any_member(kind, &dn)?;
        let group = self.groups.get_mut(at)?;
        group
            .members
            .insert(member.clone())
            .then(|| Step { name: "add member", records: changed(&dn, "add", attribute(kind), &[member]) })
    }

    fn remove_member(&mut self) -> Option<Step> {
        let at = self.any_group()?;
        let dn = self.group_dn(at)?;
        let which = self.dice.roll();
        let group = self.groups.get_mut(at)?;
        if group.members.len() < 2 {
            return None;
        }
        let member = group.members.iter().nth(which as usize % group.members.len())?.clone();
        group.members.remove(&member);
        Some(Step {
            name: "remove member",
            records: changed(&dn, "delete", attribute(group.kind), &[member]),
        })
    }

    fn add_group(&mut self) -> Option<Step> {
        let at = self.new_group();
        let group = self.groups.get(at)?.clone();
        Some(Step { name: "add group", records: added(&self.group_entry(&group)) })
    }

    fn delete_group(&mut self) -> Option<Step> {
        let at = self.any_group()?;
        if self.groups.len() < 5 {
            return None;
        }
        let dn = self.group_dn(at)?;
        self.groups.swap_remove(at);
        Some(Step { name: "delete group", records: deleted(&dn) })
    }

    fn rename_group(&mut self) -> Option<Step> {
        let at = self.any_group()?;
        let dn = self.group_dn(at)?;
        self.made += 1;
        let cn = format!("group {}", self.made);
        self.groups.get_mut(at)?.cn.clone_from(&cn);
        Some(Step { name: "rename group", records: renamed(&dn, &format!("cn={cn}"), true, None) })
    }

    fn modify_group(&mut self) -> Option<Step> {
        let at = self.any_group()?;
        let dn = self.group_dn(at)?;
        let text = format!("Änderung {}", self.dice.below(10_000));
        Some(Step { name: "modify group", records: replaced(&dn, "description", &[text]) })
    }

    fn new_person(&mut self) -> usize {
        self.made += 1;
        let uid = format!("p{}", self.made);
        let rdn =
            if self.dice.chance(10) { format!("cn=Strange\\, {}", self.made) } else { format!("uid={uid}") };
        let unit = self.dice.below(self.units.len());
        let mail = (!self.dice.chance(4)).then(|| format!("{uid}@contoso.com"));
        self.people.push(Person { rdn, uid, unit, mail });
        self.people.len() - 1
    }

    fn new_group(&mut self) -> usize {
        self.made += 1;
        let kind = match self.dice.below(4) {
            0 => GroupKind::UniqueNames,
            1 => GroupKind::Posix,
            _ => GroupKind::Names,
        };
        let count = 1 + self.dice.below(12);
        let cn = format!("group {}", self.made);
        let members = (0..count).filter_map(|_| self.any_member(kind, "")).collect();
        self.groups.push(Group { cn, kind, members });
        self.groups.len() - 1
    }

    fn any_person(&mut self) -> Option<usize> {
        (!self.people.is_empty()).then(|| self.dice.below(self.people.len()))
    }

    fn any_group(&mut self) -> Option<usize> {
        (!self.groups.is_empty()).then(|| self.dice.below(self.groups.len()))
    }

    fn any_member(&mut self, kind: GroupKind, own: &str) -> Option<String> {
        let person = self.any_person()?;
        if kind == GroupKind::Posix {
            return Some(self.people.get(person)?.uid.clone());
        }
        if self.dice.chance(10)
            && let Some(dn) = self.any_group().and_then(|group| self.group_dn(group)).filter(|dn| dn != own)
        {
            return Some(dn);
        }
        self.person_dn(person)
    }

    fn title(&mut self) -> String {
        let at = self.dice.below(TITLES.len());
        TITLES.get(at).copied().unwrap_or_default().to_owned()
    }

    fn is_within(&self, unit: usize, of: usize) -> bool {
        let mut at = Some(unit);
        while let Some(now) = at {
            if now == of {
                return true;
            }
            at = self.units.get(now).and_then(|unit| unit.parent);
        }
        false
    }

    fn unit_dn(&self, unit: usize) -> String {
        match self.units.get(unit) {
            Some(Unit { rdn, parent: Some(parent) }) => format!("{rdn},{}", self.unit_dn(*parent)),
            Some(Unit { rdn, parent: None }) => format!("{rdn},{}", self.suffix),
            None => self.suffix.clone(),
        }
    }

    fn person_dn(&self, person: usize) -> Option<String> {
        self.people.get(person).map(|person| format!("{},{}", person.rdn, self.unit_dn(person.unit)))
    }

    fn group_dn(&self, group: usize) -> Option<String> {
        self.groups.get(group).map(|group| format!("cn={},ou=groups,{}", group.cn, self.suffix))
    }

    fn person_entry(&mut self, person: &Person) -> String {
        let name = self.dice.below(NAMES.len());
        let (given, family) = NAMES.get(name).copied().unwrap_or_default();
        let number = self.dice.below(10_000);
        let title = self.title();
        let dn = format!("{},{}", person.rdn, self.unit_dn(person.unit));
        let boss =
            self.any_person().filter(|_| !number.is_multiple_of(4)).and_then(|boss| self.person_dn(boss));
        let boss = boss.filter(|boss| *boss != dn);
        let mut text = line("dn", &dn);
        text.push_str("objectClass: inetOrgPerson\nobjectClass: posixAccount\n");
        let mut put = |name: &str, value: &str| text.push_str(&line(name, value));
        put("uid", &person.uid);
        // The value of the RDN is an attribute of the entry.
        if let Some(("uid", named)) = person.rdn.split_once('=')
            && named != person.uid
        {
            put("uid", named);
        }
        put("cn", &format!("{given} {family}"));
        if let Some(("cn", named)) = person.rdn.split_once('=') {
            put("cn", &named.replace('\\', ""));
        }
        put("sn", family);
        put("givenName", given);
        put("displayName", &format!("{family}, {given} {number}"));
        put("uidNumber", &(10_000 + number).to_string());
        put("gidNumber", "100");
        put("homeDirectory", &format!("/home/{}", person.uid));
        put("title", &title);
        put("l", "Zürich");
        put("postalCode", &format!("{number}"));
        put("street", "Bahnhofstrasse 1");
        put("employeeNumber", &format!("E{number}"));
        put("telephoneNumber", &format!("+41 44 {number}"));
        if let Some(mail) = &person.mail {
            put("mail", mail);
            if number.is_multiple_of(5) {
                put("mail", &format!("alias.{mail}"));
            }
        }
        if let Some(boss) = boss {
            put("manager", &boss);
        }
        text
    }

    fn group_entry(&mut self, group: &Group) -> String {
        let mut text = line("dn", &format!("cn={},ou=groups,{}", group.cn, self.suffix));
        let number = self.dice.below(60_000);
        match group.kind {
            GroupKind::Names => text.push_str("objectClass: groupOfNames\n"),
            GroupKind::UniqueNames => text.push_str("objectClass: groupOfUniqueNames\n"),
            GroupKind::Posix => {
                let _ = writeln!(text, "objectClass: posixGroup\ngidNumber: {number}");
            }
        }
        text.push_str(&line("cn", &group.cn));
        text.push_str(&line("description", "Gruppe für alle"));
        for member in &group.members {
            text.push_str(&line(attribute(group.kind), member));
        }
        text
    }
}

const fn attribute(kind: GroupKind) -> &'static str {
    match kind {
        GroupKind::Names => "member",
        GroupKind::UniqueNames => "uniqueMember",
        GroupKind::Posix => "memberUid",
    }
}

fn added(entry: &str) -> String {
    let (dn, rest) = entry.split_once('\n').unwrap_or((entry, ""));
    format!("{dn}\nchangetype: add\n{rest}\n")
}

/// A record that deletes an entry.
pub fn deleted(dn: &str) -> String {
    format!("{}changetype: delete\n\n", line("dn", dn))
}

/// A record that replaces an attribute's values; none: removes it.
pub fn replaced(dn: &str, attribute: &str, values: &[String]) -> String {
    changed(dn, "replace", attribute, values)
}

fn changed(dn: &str, how: &str, attribute: &str, values: &[String]) -> String {
    let mut text = format!("{}changetype: modify\n{how}: {attribute}\n", line("dn", dn));
    for value in values {
        text.push_str(&line(attribute, value));
    }
    text.push_str("-\n\n");
    text
}

/// A record that renames an entry, and moves it where `superior` is given.
pub fn renamed(dn: &str, rdn: &str, deletes_old: bool, superior: Option<&str>) -> String {
    let mut text = format!("{}changetype: modrdn\n", line("dn", dn));
    text.push_str(&line("newrdn", rdn));
    let _ = writeln!(text, "deleteoldrdn: {}", u8::from(deletes_old));
    if let Some(superior) = superior {
        text.push_str(&line("newsuperior", superior));
    }
    text.push('\n');
    text
}
