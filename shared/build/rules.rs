//! Reads the matching rules of the price data. Their regular expressions are few and plain, so they are unfolded here
//! into literals and digits: the library then needs no regex engine, and an expression outside that subset stops the build.

use serde_json::Value;

/// A rule over a lowercased model id.
#[derive(Clone, Debug)]
pub enum Rule {
    All(Vec<Rule>),
    Any(Vec<Rule>),
    Not(Box<Rule>),
    Contains(String),
    EndsWith(String),
    Equals(String),
    StartsWith(String),
    /// Steps from the first character on; `to_end` when nothing may follow.
    Shape {
        steps: Vec<Step>,
        to_end: bool,
    },
}

/// One piece of a [`Rule::Shape`].
#[derive(Clone, Debug)]
pub enum Step {
    Literal(String),
    /// Exactly this many ASCII digits.
    Digits(u8),
    /// One of these characters.
    OneOf(String),
}

/// The lookaheads in use, and what they say about a lowercased id. The first one is only equivalent because the shapes
/// behind it start with a letter.
const LOOKAHEADS: [(&str, &[&str], &[&str]); 2] =
    [("(?![^/]+/)", &["/"], &[]), ("(?!.*-[tT][tT][sS](?:$|-))", &["-tts-"], &["-tts"])];

/// # Errors
/// Says which rule is of an unknown kind or holds an expression outside the supported subset.
pub fn parse(value: &Value) -> Result<Rule, String> {
    let one = value.as_object().filter(|map| map.len() == 1).and_then(|map| map.iter().next());
    let Some((operation, argument)) = one else {
        return Err(format!("a rule must hold one operation: {value}"));
    };
    match (operation.as_str(), argument) {
        ("and", Value::Array(rules)) => rules.iter().map(parse).collect::<Result<_, _>>().map(Rule::All),
        ("or", Value::Array(rules)) => rules.iter().map(parse).collect::<Result<_, _>>().map(Rule::Any),
        ("contains", Value::String(text)) => Ok(Rule::Contains(text.to_lowercase())),
        ("ends_with", Value::String(text)) => Ok(Rule::EndsWith(text.to_lowercase())),
        ("equals", Value::String(text)) => Ok(Rule::Equals(text.to_lowercase())),
        ("starts_with", Value::String(text)) => Ok(Rule::StartsWith(text.to_lowercase())),
        ("regex", Value::String(text)) => {
            regex(text).ok_or_else(|| format!("cannot unfold the regex {text:?}"))
        }
        _ => Err(format!("unknown rule: {value}")),
    }
}

fn regex(text: &str) -> Option<Rule> {
    let mut rest = text.strip_prefix('^')?;
    let mut all = Vec::new();
    for (lookahead, contains, ends) in LOOKAHEADS {
        if let Some(after) = rest.strip_prefix(lookahead) {
            rest = after;
            let contains = contains.iter().map(|text| Rule::Contains((*text).to_owned()));
            let ends = ends.iter().map(|text| Rule::EndsWith((*text).to_owned()));
            all.push(Rule::Not(Box::new(Rule::Any(contains.chain(ends).collect()))));
        }
    }
    let (rest, to_end) = match rest.strip_suffix('$') {
        Some(body) => (body, true),
        None => (rest, false),
    };
    let mut reader = Reader { chars: rest.chars().collect(), at: 0 };
    let shapes = reader.alternatives()?;
    if reader.at != reader.chars.len() {
        return None;
    }
    if !rest.is_empty() || to_end {
        all.push(Rule::Any(
            shapes.into_iter().map(|steps| Rule::Shape { steps: merge(steps), to_end }).collect(),
        ));
    }
    Some(Rule::All(all))
}

fn merge(steps: Vec<Step>) -> Vec<Step> {
    let mut merged: Vec<Step> = Vec::new();
    for step in steps {
        match (merged.last_mut(), step) {
            (Some(Step::Literal(text)), Step::Literal(more)) => text.push_str(&more),
            (_, step) => merged.push(step),
        }
    }
    merged
}

/// Every sequence of steps a piece of an expression can stand for.
type Unfolded = Vec<Vec<Step>>;

struct Reader {
    chars: Vec<char>,
    at: usize,
}

impl Reader {
    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    fn eat(&mut self, expected: &str) -> bool {
        let found =
            expected.chars().enumerate().all(|(ahead, c)| self.chars.get(self.at + ahead) == Some(&c));
        if found {
            self.at += expected.chars().count();
        }
        found
    }

    fn alternatives(&mut self) -> Option<Unfolded> {
        let mut unfolded = self.sequence()?;
        while self.eat("|") {
            unfolded.extend(self.sequence()?);
        }
        Some(unfolded)
    }

    fn sequence(&mut self) -> Option<Unfolded> {
        let mut unfolded: Unfolded = vec![Vec::new()];
        while self.peek().is_some_and(|c| c != '|' && c != ')') {
            let mut pieces = self.piece()?;
            if self.eat("?") {
                pieces.push(Vec::new());
            }
            unfolded = unfolded
                .iter()
                .flat_map(|head| pieces.iter().map(|tail| [&head[..], tail].concat()))
                .collect();
        }
        Some(unfolded)
    }

    fn piece(&mut self) -> Option<Unfolded> {
        if self.eat("(?:") {
            let inner = self.alternatives()?;
            return self.eat(")").then_some(inner);
        }
        if self.eat("\\d") {
            let mut count = 1;
            if self.eat("{") {
                count = u8::try_from(self.peek()?.to_digit(10)?).ok()?;
                self.at += 1;
                if !self.eat("}") {
                    return None;
                }
            }
            return Some(vec![vec![Step::Digits(count)]]);
        }
        if self.eat("[") {
            let close = self.chars[self.at..].iter().position(|c| *c == ']')?;
            let set: String = self.chars[self.at..self.at + close].iter().collect();
            self.at += close + 1;
            // A dash first is itself; anywhere else it would be a range.
            let plain =
                set.chars().enumerate().all(|(index, c)| index == 0 || c != '-') && !set.starts_with('^');
            return (plain && !set.contains('\\')).then(|| vec![vec![Step::OneOf(set)]]);
        }
        let escaped = self.eat("\\");
        let c = self.peek()?;
        self.at += 1;
        let plain =
            if escaped { c.is_ascii_punctuation() } else { c.is_alphanumeric() || "-_/@:=, ".contains(c) };
        (plain && !c.is_uppercase()).then(|| vec![vec![Step::Literal(c.to_string())]])
    }
}
