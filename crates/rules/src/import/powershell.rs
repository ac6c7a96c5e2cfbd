//! The PowerShell text that the Synchronization Rules Editor exports, read without being run: the cmdlets that build a
//! rule, with literal values and the variables that hold them. Everything else of the language is passed over.
//!
//! **Invariant:** nothing is evaluated; a value that would have to be computed is named and left out.

use super::foreign::{Export, ForeignCondition, ForeignFlow, ForeignJoin, ForeignRule};
use super::words::{Command, Word, commands};
use std::cell::Cell;
use std::collections::HashMap;

/// What a variable holds.
#[derive(Clone, Debug)]
enum Held {
    Text(String),
    List(Vec<Held>),
    Rule(usize),
    Scope(ForeignCondition),
    Join(ForeignJoin),
    /// Something that only running it would tell, as it was written.
    Unknown(String),
}

/// Rules a file may build; beyond that it is no export of rules.
const MAX_RULES: usize = crate::sync_rules::MAX_RULES;

/// Bytes that may be taken from variables: a short script can write a long text many times, or double it.
const MAX_EXPANDED: usize = 16 * 1024 * 1024;

impl Held {
    /// What a copy of it costs.
    fn weight(&self) -> usize {
        match self {
            Self::Text(text) | Self::Unknown(text) => 16 + text.len(),
            Self::List(list) => 16 + list.iter().map(Self::weight).sum::<usize>(),
            Self::Rule(_) => 16,
            Self::Scope(one) => 16 + one.attribute.len() + one.operator.len() + one.value.len(),
            Self::Join(one) => 16 + one.source.len() + one.metaverse.len(),
        }
    }
}

/// Reads an export.
pub(super) fn read(text: &str) -> Result<Export, String> {
    let mut reader = Reader {
        export: Export::default(),
        added: Vec::new(),
        variables: HashMap::new(),
        room: Cell::new(MAX_EXPANDED),
    };
    for command in commands(text)? {
        reader.run(&command);
    }
    let Reader { mut export, added, .. } = reader;
    for (at, added) in added.iter().enumerate() {
        let Some(rule) = export.rules.get(at).filter(|_| !added) else { continue };
        let name = rule.shown();
        export.note(
            Some(&name),
            "the file builds the rule but does not add it (Add-ADSyncRule)",
            "it is carried all the same; remove it if it was not in use",
        );
    }
    Ok(export)
}

struct Reader {
    export: Export,
    /// For each rule whether Add-ADSyncRule was said.
    added: Vec<bool>,
    variables: HashMap<String, Held>,
    /// Bytes that may still be taken from variables.
    room: Cell<usize>,
}

impl Reader {
    fn run(&mut self, command: &Command) {
        let name = command.name.to_ascii_lowercase();
        let result = match name.as_str() {
            "" => command.value.as_ref().map(|word| self.value(word)),
            "new-adsyncrule" => self.new_rule(command),
            "new-object" => self.new_object(command),
            "add-adsyncattributeflowmapping" => {
                self.flow(command);
                None
            }
            "add-adsyncscopeconditiongroup" => {
                self.group(command, "scopeconditions");
                None
            }
            "add-adsyncjoinconditiongroup" => {
                self.group(command, "joinconditions");
                None
            }
            "add-adsyncrule" => {
                if let Some(added) = self.rule_of(command).and_then(|at| self.added.get_mut(at)) {
                    *added = true;
                }
                None
            }
            // These change nothing of the rules.
            "get-adsyncrule"
            | "get-adsyncconnector"
            | "set-adsyncscheduler"
            | "start-adsyncsynccycle"
            | "get-adsyncscheduler" => None,
            other if other.contains("-adsync") => {
                let what = format!("{} in line {}", command.name, command.line);
                self.export.note(None, what, "it builds no rule; what it does is not carried");
                None
            }
            _ => Some(Held::Unknown(command.name.clone())),
        };
        let out = self.argument(command, "outvariable").and_then(|word| match word {
            Word::Text(name) | Word::Bare(name) => Some(name.trim_start_matches('+').to_owned()),
            _ => None,
        });
        for variable in [out, command.assigned.clone()].into_iter().flatten() {
            if let Some(result) = &result {
                self.variables.insert(variable.to_ascii_lowercase(), result.clone());
            }
        }
    }

    fn argument<'c>(&self, command: &'c Command, name: &str) -> Option<&'c Word> {
        command.arguments.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, word)| word)
    }

    /// Whether a switch is set: named without a value, or with one that is true.
    fn switch(&self, command: &Command, name: &str) -> bool {
        match self.argument(command, name) {
            None => false,
            Some(Word::None) => true,
            Some(word) => matches!(self.value(word), Held::Text(text) if text.eq_ignore_ascii_case("true")),
        }
    }

    fn value(&self, word: &Word) -> Held {
        match word {
            Word::None => Held::Text(String::new()),
            Word::Text(text) | Word::Bare(text) => Held::Text(text.clone()),
            Word::Template(parts) => {
                let mut whole = String::new();
                for (literal, variable) in parts {
                    whole.push_str(literal);
                    let Some(variable) = variable else { continue };
                    match self.variable(variable) {
                        Held::Text(text) => whole.push_str(&text),
                        _ => return Held::Unknown(format!("${variable}")),
                    }
                }
                Held::Text(whole)
            }
            Word::Variable(name) => match name.to_ascii_lowercase().as_str() {
                "true" => Held::Text("true".into()),
                "false" => Held::Text("false".into()),
                "null" => Held::Text(String::new()),
                _ => self.variable(name),
            },
            // Lists within lists are one list, and none is longer than what a rule can have of anything.
            Word::List(words) => {
                let all = words.iter().flat_map(|word| flat(self.value(word)));
                Held::List(all.take(super::MAX_PARTS + 1).collect())
            }
            Word::Opaque(text) => Held::Unknown(text.clone()),
        }
    }

    /// What a variable holds, while there is room for copies.
    fn variable(&self, name: &str) -> Held {
        let unknown = || Held::Unknown(format!("${name}"));
        let Some(held) = self.variables.get(&name.to_ascii_lowercase()) else { return unknown() };
        match self.room.get().checked_sub(held.weight()) {
            Some(room) => {
                self.room.set(room);
                held.clone()
            }
            None => unknown(),
        }
    }

    /// A text of a parameter; empty where it is missing, or has a value that the file does not say, which is noted.
    fn text(&mut self, command: &Command, name: &str) -> String {
        let Some(word) = self.argument(command, name) else { return String::new() };
        match self.value(word) {
            Held::Text(text) => text,
            Held::List(mut list) if list.len() == 1 => match list.pop() {
                Some(Held::Text(text)) => text,
                _ => String::new(),
            },
            Held::Unknown(written) => {
                let what = format!("-{name} of {} in line {} is {written}", command.name, command.line);
                self.export.note(None, what, "the file does not say its value; write it as a literal");
                String::new()
            }
            _ => String::new(),
        }
    }

    /// The texts of a list. What the file does not say is an empty one in its place, and is noted: nothing carries it.
    fn texts(&mut self, command: &Command, word: &Word) -> Vec<String> {
        let list = match self.value(word) {
            Held::List(list) => list,
            one => vec![one],
        };
        let mut texts = Vec::with_capacity(list.len());
        for held in list {
            texts.push(match held {
                Held::Text(text) => text,
                Held::Unknown(written) => {
                    let what = format!("{written} of {} in line {}", command.name, command.line);
                    self.export.note(None, what, "the file does not say its value; write it as a literal");
                    String::new()
                }
                _ => String::new(),
            });
        }
        texts
    }

    fn new_rule(&mut self, command: &Command) -> Option<Held> {
        if self.export.rules.len() >= MAX_RULES {
            self.export.note(
                None,
                format!("rules beyond {MAX_RULES}"),
                "a rule set has no more; split the export",
            );
            return None;
        }
        let none = "00000000-0000-0000-0000-000000000000";
        let mut text = |name: &str| self.text(command, name);
        let neighbours = [text("precedenceafter"), text("precedencebefore")];
        let soft_delete = text("softdeleteexpiryinterval");
        let precedence = text("precedence");
        let rule = ForeignRule {
            name: text("name"),
            identifier: text("identifier"),
            description: text("description"),
            tag: text("immutabletag"),
            direction: text("direction"),
            connector: text("connector"),
            source_type: text("sourceobjecttype"),
            target_type: text("targetobjecttype"),
            link: text("linktype"),
            precedence: precedence.trim().parse().ok(),
            relative: neighbours.iter().any(|other| !other.trim().is_empty() && other.trim() != none),
            soft_delete: !matches!(soft_delete.trim(), "" | "0"),
            disabled: self.switch(command, "disabled"),
            password_sync: self.switch(command, "enablepasswordsync"),
            ..ForeignRule::default()
        };
        self.export.rules.push(rule);
        self.added.push(false);
        Some(Held::Rule(self.export.rules.len() - 1))
    }

    fn new_object(&mut self, command: &Command) -> Option<Held> {
        let kind = match self.value(self.argument(command, "typename").or(command.first.as_ref())?) {
            Held::Text(text) => text.to_ascii_lowercase(),
            _ => return None,
        };
        let list = self.argument(command, "argumentlist").or(command.second.as_ref())?;
        let arguments = self.texts(command, list);
        let argument = |at: usize| arguments.get(at).cloned().unwrap_or_default();
        if kind.ends_with("scopecondition") {
            return Some(Held::Scope(ForeignCondition {
                attribute: argument(0),
                value: argument(1),
                operator: argument(2),
            }));
        }
        kind.ends_with("joincondition").then(|| {
            Held::Join(ForeignJoin {
                source: argument(0),
                metaverse: argument(1),
                case_sensitive: argument(2).eq_ignore_ascii_case("true"),
            })
        })
    }

    /// The rule that a command is about: that of its variable, else the last.
    fn rule_of(&self, command: &Command) -> Option<usize> {
        let named = self.argument(command, "synchronizationrule").map(|word| self.value(word));
        match named {
            Some(Held::Rule(at)) => Some(at),
            _ => self.export.rules.len().checked_sub(1),
        }
    }

    fn flow(&mut self, command: &Command) {
        let Some(at) = self.rule_of(command) else {
            let what = format!("{} in line {}", command.name, command.line);
            self.export.note(None, what, "there is no rule before it");
            return;
        };
        let sources =
            self.argument(command, "source").map(|word| self.texts(command, word)).unwrap_or_default();
        let flow = ForeignFlow {
            sources,
            destination: self.text(command, "destination"),
            kind: self.text(command, "flowtype"),
            expression: self.text(command, "expression"),
            merge: self.text(command, "valuemergetype"),
            once: self.switch(command, "executeonce"),
        };
        if let Some(rule) = self.export.rules.get_mut(at).filter(|rule| rule.flows.len() <= super::MAX_PARTS)
        {
            rule.flows.push(flow);
        }
    }

    fn group(&mut self, command: &Command, parameter: &str) {
        let Some(at) = self.rule_of(command) else { return };
        let held = self.argument(command, parameter).map(|word| self.value(word));
        let list = match held {
            Some(Held::List(list)) => list,
            Some(one) => vec![one],
            None => Vec::new(),
        };
        let Some(rule) = self.export.rules.get_mut(at) else { return };
        let room = |count: usize| count <= super::MAX_PARTS;
        let (mut scope, mut joins, mut unknown) = (Vec::new(), Vec::new(), 0_usize);
        for one in list.into_iter().flat_map(flat) {
            match one {
                Held::Scope(condition) => scope.push(condition),
                Held::Join(join) => joins.push(join),
                _ => unknown += 1,
            }
        }
        let name = rule.shown();
        if parameter == "scopeconditions" && room(rule.scope.len()) {
            if unknown > 0 {
                // A condition that is not known: what cannot be asked is not to be left out of a scope unseen.
                scope.push(ForeignCondition::default());
            }
            rule.scope.push(scope);
        } else if room(rule.joins.len()) {
            rule.joins.push(joins);
        }
        if unknown > 0 {
            let what = format!("{unknown} conditions of {} in line {}", command.name, command.line);
            self.export.note(Some(&name), what, "the file does not say what they are");
        }
    }
}

/// The values of a list, one level of lists within it taken apart: `$condition0` holds a list of one.
fn flat(held: Held) -> Vec<Held> {
    match held {
        Held::List(list) => list,
        one => vec![one],
    }
}
