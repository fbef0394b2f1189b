//! The paths that a file of Rust sources names, such as `crate::time::now`, with imported names written out.

use std::collections::BTreeMap;

use super::code::is_name;

/// A path in the code, with names that were imported written out.
pub(super) type CodePath = Vec<String>;

/// A piece of code that matters for paths.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Name(String),
    Colons,
    Other(char),
}

fn tokens(code: &str) -> Vec<(usize, Token)> {
    let mut found = Vec::new();
    let mut line = 1;
    let mut rest = code.chars().peekable();
    while let Some(c) = rest.next() {
        if c == '\n' {
            line += 1;
        } else if is_name(c) {
            let mut name = String::from(c);
            while let Some(more) = rest.next_if(|c| is_name(*c)) {
                name.push(more);
            }
            found.push((line, Token::Name(name)));
        } else if c == ':' && rest.next_if_eq(&':').is_some() {
            found.push((line, Token::Colons));
        } else if !c.is_whitespace() {
            found.push((line, Token::Other(c)));
        }
    }
    found
}

/// Collects the paths of a file and writes out imported names, local modules and `super`.
///
/// `place` is the path of the file's module.
pub(super) fn resolve(code: &str, place: &CodePath) -> Vec<(usize, CodePath)> {
    let tokens = tokens(code);
    let mut reader =
        PathReader { tokens: &tokens, at: 0, found: Vec::new(), names: BTreeMap::new() };
    reader.read();
    let PathReader { found, mut names, .. } = reader;
    for pair in tokens.windows(3) {
        if let [(_, Token::Name(word)), (_, Token::Name(module)), (_, Token::Other(';' | '{'))] =
            pair
            && word == "mod"
        {
            names.insert(module.clone(), vec!["self".to_owned(), module.clone()]);
        }
    }
    let write_out = |(line, path): (usize, CodePath)| {
        let whole = match names.get(&path[0]) {
            Some(known) if *known != path => known.iter().chain(&path[1..]).cloned().collect(),
            _ => path,
        };
        (line, from_root(whole, place))
    };
    found.into_iter().map(write_out).filter(|(_, path)| path.len() > 1).collect()
}

/// Replaces a chain of `super` by the path from the root.
fn from_root(path: CodePath, place: &CodePath) -> CodePath {
    let climbs = path.iter().take_while(|name| *name == "super").count();
    if climbs == 0 {
        return path;
    }
    let kept = place.len().saturating_sub(climbs);
    let root = std::iter::once("crate".to_owned());
    root.chain(place[..kept].iter().cloned()).chain(path[climbs..].iter().cloned()).collect()
}

struct PathReader<'a> {
    tokens: &'a [(usize, Token)],
    at: usize,
    found: Vec<(usize, CodePath)>,
    /// What the imported names stand for.
    names: BTreeMap<String, CodePath>,
}

impl PathReader<'_> {
    fn read(&mut self) {
        let mut importing = false;
        while let Some((_, token)) = self.tokens.get(self.at) {
            let starts = match token {
                Token::Name(name) if name == "use" => {
                    let captures = self.tokens.get(self.at + 1).map(|(_, token)| token);
                    importing = captures != Some(&Token::Other('<'));
                    false
                }
                Token::Name(_) => true,
                Token::Colons => self.is_leading(),
                Token::Other(';') => {
                    importing = false;
                    false
                }
                Token::Other(_) => false,
            };
            if starts {
                self.tree(&Vec::new(), importing);
            } else if *token == Token::Colons {
                // Behind a type: what follows belongs to it.
                self.at += 2;
            } else {
                self.at += 1;
            }
        }
    }

    /// Tells whether `::` begins a path, as in `::config::Config`, and does not follow a type.
    fn is_leading(&self) -> bool {
        let before = self.at.checked_sub(1).and_then(|at| self.tokens.get(at));
        !matches!(before, Some((_, Token::Other('>' | ')' | ']'))))
    }

    /// Reads one path with all its branches.
    fn tree(&mut self, before: &CodePath, importing: bool) {
        let line = self.tokens[self.at].0;
        let mut path = before.clone();
        if self.token() == Some(&Token::Colons) {
            path.push(String::new());
            self.at += 1;
        }
        loop {
            match self.token().cloned() {
                Some(Token::Name(name)) => {
                    self.at += 1;
                    if name != "self" || path.is_empty() {
                        path.push(name);
                    }
                }
                Some(Token::Other('{'))
                    if path.len() > usize::from(path.first().is_some_and(String::is_empty)) =>
                {
                    return self.branches(&path, importing);
                }
                _ => break,
            }
            if self.token() != Some(&Token::Colons) {
                break;
            }
            match self.tokens.get(self.at + 1) {
                Some((_, Token::Name(_))) => self.at += 1,
                Some((_, Token::Other('{'))) if importing => self.at += 1,
                // `::*` or a turbofish.
                _ => break,
            }
        }
        if importing {
            self.import(&path);
        }
        self.found.push((line, path));
    }

    fn branches(&mut self, path: &CodePath, importing: bool) {
        self.at += 1;
        loop {
            match self.token() {
                Some(Token::Other('}')) => {
                    self.at += 1;
                    return;
                }
                Some(Token::Name(_)) => self.tree(path, importing),
                Some(_) => self.at += 1,
                None => return,
            }
        }
    }

    /// Remembers the name under which an import is known, and passes over `as NAME`.
    fn import(&mut self, path: &CodePath) {
        let mut name = path.last().cloned().unwrap_or_default();
        if self.token() == Some(&Token::Name("as".to_owned())) {
            if let Some((_, Token::Name(other))) = self.tokens.get(self.at + 1) {
                name.clone_from(other);
            }
            self.at += 2;
        }
        if path.len() > 1 {
            self.names.insert(name, path.clone());
        }
    }

    fn token(&self) -> Option<&Token> {
        self.tokens.get(self.at).map(|(_, token)| token)
    }
}
