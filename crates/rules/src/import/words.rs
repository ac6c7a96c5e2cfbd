//! The words of a PowerShell script: commands with their parameters, quoted texts, variables, lists. Continuation lines,
//! comments and here-strings are known; operators and script blocks only so far that what is in them is found.
//!
//! **Invariant:** total and linear: every text ends in commands or in one message; nesting is bounded.

use std::iter::Peekable;
use std::str::CharIndices;

/// Lists and parentheses within one another.
const MAX_DEPTH: usize = 32;

/// A value as it is written.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Word {
    /// A parameter without a value.
    None,
    /// In quotes.
    Text(String),
    /// Without.
    Bare(String),
    /// A text in double quotes with variables in it: literal, then variable, and again.
    Template(Vec<(String, Option<String>)>),
    /// `$name`; an index and members behind it do not count.
    Variable(String),
    /// `@(a, b)` or `a, b`.
    List(Vec<Word>),
    /// What only running it would tell.
    Opaque(String),
}

/// A command, or an assignment of a value to a variable (which has no name and a value).
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Command {
    pub(super) name: String,
    pub(super) line: usize,
    /// `$x = ...`
    pub(super) assigned: Option<String>,
    pub(super) value: Option<Word>,
    /// The named parameters; the name without its dash.
    pub(super) arguments: Vec<(String, Word)>,
    /// The first two values without a name.
    pub(super) first: Option<Word>,
    pub(super) second: Option<Word>,
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Word(Word),
    Parameter(String),
    Comma,
    Assign,
    /// The end of a statement.
    End,
    /// The rest of a statement goes to another command.
    Pipe,
}

/// The commands of a script, in their order.
pub(super) fn commands(text: &str) -> Result<Vec<Command>, String> {
    let mut lexer = Lexer { chars: text.char_indices().peekable(), line: 1, text };
    let mut commands: Vec<Command> = Vec::new();
    let mut tokens: Vec<Token> = Vec::new();
    let mut began = 1;
    loop {
        let line = lexer.line;
        let token = lexer.token(0)?;
        let ended = token.is_none();
        match token {
            Some(Token::End) | None => {
                let statement = std::mem::take(&mut tokens);
                // Some write the parameters on lines of their own without a backtick.
                match (statement.first(), commands.last_mut()) {
                    (Some(Token::Parameter(_)), Some(last)) if !last.name.is_empty() => fill(last, statement),
                    _ => commands.extend(command(statement, began)),
                }
            }
            Some(token) => {
                if tokens.is_empty() {
                    began = line;
                }
                tokens.push(token);
            }
        }
        if ended {
            return Ok(commands);
        }
    }
}

fn command(mut tokens: Vec<Token>, line: usize) -> Option<Command> {
    let mut command = Command { line, ..Command::default() };
    if let [Token::Word(Word::Variable(name)), Token::Assign, ..] = tokens.as_slice() {
        command.assigned = Some(name.clone());
        tokens.drain(..2);
    }
    match tokens.first()? {
        Token::Word(Word::Bare(name)) if name.contains('-') || command.assigned.is_none() => {
            command.name = name.clone();
            tokens.remove(0);
            fill(&mut command, tokens);
        }
        _ if command.assigned.is_some() => command.value = values(&mut tokens.into_iter().peekable()),
        _ => return None,
    }
    Some(command)
}

/// Takes the parameters and values of a statement in.
fn fill(command: &mut Command, tokens: Vec<Token>) {
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next_if(|token| *token != Token::Pipe) {
        match token {
            Token::Parameter(name) => {
                let value = values(&mut tokens).unwrap_or(Word::None);
                command.arguments.push((name, value));
            }
            Token::Word(word) => {
                let whole = more(word, &mut tokens);
                let place = if command.first.is_none() { &mut command.first } else { &mut command.second };
                place.get_or_insert(whole);
            }
            _ => {}
        }
    }
}

type Tokens = Peekable<std::vec::IntoIter<Token>>;

/// A value, or several that commas separate.
fn values(tokens: &mut Tokens) -> Option<Word> {
    let Some(Token::Word(first)) = tokens.next_if(|token| matches!(token, Token::Word(_))) else {
        return None;
    };
    Some(more(first, tokens))
}

fn more(first: Word, tokens: &mut Tokens) -> Word {
    let mut list = vec![first];
    while tokens.next_if_eq(&Token::Comma).is_some() {
        if let Some(Token::Word(word)) = tokens.next_if(|token| matches!(token, Token::Word(_))) {
            list.push(word);
        }
    }
    match (list.pop(), list.is_empty()) {
        (Some(one), true) => one,
        (Some(last), false) => {
            list.push(last);
            Word::List(list)
        }
        (None, _) => Word::None,
    }
}

struct Lexer<'t> {
    chars: Peekable<CharIndices<'t>>,
    line: usize,
    text: &'t str,
}

impl Lexer<'_> {
    fn next(&mut self) -> Option<char> {
        let (_, c) = self.chars.next()?;
        if c == '\n' {
            self.line += 1;
        }
        Some(c)
    }

    fn peek(&mut self) -> Option<char> {
        self.chars.peek().map(|(_, c)| *c)
    }

    fn rest(&mut self) -> &str {
        self.chars.peek().and_then(|(at, _)| self.text.get(*at..)).unwrap_or("")
    }

    fn eat(&mut self, text: &str) -> bool {
        let found = self.rest().starts_with(text);
        if found {
            text.chars().for_each(|_| {
                self.next();
            });
        }
        found
    }

    fn take_while(&mut self, holds: impl Fn(char) -> bool) -> String {
        let mut taken = String::new();
        while let Some(c) = self.peek().filter(|c| holds(*c)) {
            taken.push(c);
            self.next();
        }
        taken
    }

    /// The next token; none at the end.
    fn token(&mut self, depth: usize) -> Result<Option<Token>, String> {
        loop {
            let Some(c) = self.peek() else { return Ok(None) };
            match c {
                '\n' | ';' | '{' | '}' => {
                    self.next();
                    return Ok(Some(Token::End));
                }
                '`' => self.continuation(),
                '#' => {
                    self.take_while(|c| c != '\n');
                }
                '<' if self.rest().starts_with("<#") => self.block_comment()?,
                c if c.is_whitespace() || c == '\u{feff}' => {
                    self.next();
                }
                ',' => {
                    self.next();
                    // A list may go on in the next line.
                    while self.peek().is_some_and(char::is_whitespace) {
                        self.next();
                    }
                    return Ok(Some(Token::Comma));
                }
                '|' => {
                    self.next();
                    return Ok(Some(Token::Pipe));
                }
                '=' => {
                    self.next();
                    return Ok(Some(Token::Assign));
                }
                '-' | '\u{2013}' if self.rest().chars().nth(1).is_some_and(char::is_alphabetic) => {
                    return Ok(Some(self.parameter()));
                }
                _ => return self.word(depth).map(|word| Some(Token::Word(word))),
            }
        }
    }

    /// A backtick before the end of a line, white space before it or not; elsewhere it escapes and is passed over.
    fn continuation(&mut self) {
        self.next();
        let blank = self.rest().chars().take_while(|c| *c != '\n').all(char::is_whitespace);
        if blank {
            self.take_while(|c| c != '\n');
            self.next();
        }
    }

    fn block_comment(&mut self) -> Result<(), String> {
        let line = self.line;
        self.eat("<#");
        while !self.eat("#>") {
            if self.next().is_none() {
                return Err(format!("the comment that begins in line {line} does not end"));
            }
        }
        Ok(())
    }

    fn parameter(&mut self) -> Token {
        self.next();
        let name = self.take_while(|c| c.is_alphanumeric() || c == '_');
        // -Disabled:$true
        if self.peek() == Some(':') {
            self.next();
        }
        Token::Parameter(name)
    }

    fn word(&mut self, depth: usize) -> Result<Word, String> {
        if depth > MAX_DEPTH {
            return Err(format!("line {}: parentheses are deeper than {MAX_DEPTH}", self.line));
        }
        if self.rest().starts_with("@'") || self.rest().starts_with("@\"") {
            return self.here_string();
        }
        match self.peek() {
            Some('\'' | '\u{2018}' | '\u{2019}') => self.single().map(Word::Text),
            Some('"' | '\u{201c}' | '\u{201d}') => self.double(),
            Some('$') => self.variable(depth),
            Some('@') if self.rest().starts_with("@(") => {
                self.eat("@(");
                self.list(depth)
            }
            Some('(') => {
                self.next();
                match self.list(depth)? {
                    Word::List(mut list) if list.len() == 1 => Ok(list.pop().unwrap_or(Word::None)),
                    _ => Ok(Word::Opaque("(...)".into())),
                }
            }
            _ => {
                let bare = self.take_while(|c| !c.is_whitespace() && !"'\"$,;|(){}`=".contains(c));
                if bare.is_empty() {
                    // Something that means nothing here.
                    self.next();
                    return Ok(Word::Opaque("...".into()));
                }
                // Single-quoted parts within a bare word, calls: only running it would tell.
                if self.peek() == Some('(') {
                    self.next();
                    self.list(depth)?;
                    return Ok(Word::Opaque(format!("{bare}(...)")));
                }
                Ok(Word::Bare(bare))
            }
        }
    }

    /// What stands in parentheses, after the first; line breaks do not count.
    fn list(&mut self, depth: usize) -> Result<Word, String> {
        let line = self.line;
        let mut words = Vec::new();
        loop {
            while self.peek().is_some_and(char::is_whitespace) {
                self.next();
            }
            match self.peek() {
                None => return Err(format!("the parenthesis that opens in line {line} does not close")),
                Some(')') => {
                    self.next();
                    return Ok(Word::List(words));
                }
                _ => match self.token(depth + 1)? {
                    Some(Token::Word(word)) => words.push(word),
                    Some(_) => {}
                    None => return Err(format!("the parenthesis that opens in line {line} does not close")),
                },
            }
        }
    }

    /// A text in single quotes; two of them are one.
    fn single(&mut self) -> Result<String, String> {
        let line = self.line;
        let quote = |c: char| matches!(c, '\'' | '\u{2018}' | '\u{2019}');
        self.next();
        let mut text = String::new();
        loop {
            match self.next() {
                Some(c) if quote(c) => {
                    if !self.peek().is_some_and(quote) {
                        return Ok(text);
                    }
                    self.next();
                    text.push(c);
                }
                Some(c) => text.push(c),
                None => return Err(format!("the text that begins in line {line} does not end")),
            }
        }
    }

    /// A text in double quotes: backticks escape, two quotes are one, variables are named.
    fn double(&mut self) -> Result<Word, String> {
        let line = self.line;
        let quote = |c: char| matches!(c, '"' | '\u{201c}' | '\u{201d}');
        self.next();
        let mut parts: Vec<(String, Option<String>)> = Vec::new();
        let mut text = String::new();
        loop {
            match self.next() {
                Some(c) if quote(c) => {
                    if !self.peek().is_some_and(quote) {
                        break;
                    }
                    self.next();
                    text.push('"');
                }
                Some('`') => match self.next() {
                    Some('n') => text.push('\n'),
                    Some('r') => text.push('\r'),
                    Some('t') => text.push('\t'),
                    Some(c) => text.push(c),
                    None => {}
                },
                Some('$')
                    if self.peek().is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '(' | '{')) =>
                {
                    let name = self.take_while(|c| c.is_alphanumeric() || c == '_');
                    parts.push((std::mem::take(&mut text), Some(name)));
                }
                Some(c) => text.push(c),
                None => return Err(format!("the text that begins in line {line} does not end")),
            }
        }
        if parts.is_empty() {
            return Ok(Word::Text(text));
        }
        parts.push((text, None));
        Ok(Word::Template(parts))
    }

    fn here_string(&mut self) -> Result<Word, String> {
        let line = self.line;
        self.next();
        let end = if self.next() == Some('\'') { "\n'@" } else { "\n\"@" };
        self.take_while(|c| c != '\n');
        let mut text = String::new();
        while !self.eat(end) {
            match self.next() {
                Some(c) => text.push(c),
                None => return Err(format!("the text that begins in line {line} does not end")),
            }
        }
        Ok(Word::Text(text.trim_start_matches('\n').to_owned()))
    }

    /// `$name`, with an index and members that do not count; `$(...)` only running would tell.
    fn variable(&mut self, depth: usize) -> Result<Word, String> {
        self.next();
        if self.peek() == Some('(') {
            self.next();
            self.list(depth)?;
            return Ok(Word::Opaque("$(...)".into()));
        }
        let name = self.take_while(|c| c.is_alphanumeric() || matches!(c, '_' | ':'));
        let mut member = false;
        while let Some(open) = self.peek().filter(|c| matches!(c, '[' | '.')) {
            self.next();
            if open == '[' {
                self.take_while(|c| c != ']' && c != '\n');
                self.next();
            } else {
                member = true;
                self.take_while(|c| c.is_alphanumeric() || c == '_');
            }
        }
        Ok(if member { Word::Opaque(format!("${name}.(...)")) } else { Word::Variable(name) })
    }
}
