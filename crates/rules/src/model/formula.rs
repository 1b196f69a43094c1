//! Derived KPIs: a formula over other KPIs. Names, arity and types are checked when it is read; a
//! missing input, a division by zero or a result that is no finite number makes no data.

use std::fmt;

/// A formula is a line in a file, not a program.
const CHARS_MAX: usize = 2_000;

/// Deeper nesting than this nobody can check by eye.
const DEPTH_MAX: usize = 48;

/// A formula, read and checked.
#[derive(Clone, Debug, PartialEq)]
pub struct Formula {
    text: String,
    names: Vec<String>,
    root: Expr,
}

/// Why a text is no formula, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct FormulaError {
    /// Byte offset of the mistake in the text.
    pub at: usize,
    /// A sentence for its author.
    pub message: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Type {
    Number,
    Truth,
}

#[derive(Clone, Debug, PartialEq)]
enum Expr {
    Number(f64),
    Name(usize),
    Minus(Box<Expr>),
    Binary(Operator, Box<Expr>, Box<Expr>),
    Call(Function, Vec<Expr>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Equal,
    NotEqual,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Function {
    Min,
    Max,
    Avg,
    Sum,
    Abs,
    Round,
    If,
    Coalesce,
}

impl Formula {
    /// Reads a formula: numbers, names of KPIs, `+ - * /`, comparisons, parentheses, and
    /// `min max avg sum abs round if coalesce`. A name is a KPI's id or `scorecard/kpi`; ids may
    /// hold `-`, so write spaces around a minus or a division between two names.
    pub fn parse(text: &str) -> Result<Self, FormulaError> {
        if text.len() > CHARS_MAX {
            let message = format!("a formula has at most {CHARS_MAX} characters");
            return Err(FormulaError { at: CHARS_MAX, message });
        }
        let mut parser =
            Parser { tokens: tokens(text)?, next: 0, names: Vec::new(), end: text.len() };
        let (root, _) = parser.expression(0, 0)?;
        if let Some((at, token)) = parser.tokens.get(parser.next) {
            return Err(FormulaError { at: *at, message: format!("{token} does not belong here") });
        }
        Ok(Self { text: text.to_owned(), names: parser.names, root })
    }

    /// As its author wrote it.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The names it uses, each once, in the order they first occur.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The result, given the value of each of [`names`](Self::names) by its place in the list.
    /// A comparison that holds is 1, one that does not is 0.
    pub fn evaluate(&self, value: &dyn Fn(usize) -> Option<f64>) -> Option<f64> {
        evaluate(&self.root, value).ok().filter(|result| result.is_finite())
    }
}

/// Units that do not go together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Mixed {
    /// Two names that are added or compared, each by its place in the list, with its unit.
    Terms((usize, String), (usize, String)),
    /// A name whose unit the result has, and not the one that it should have.
    Result(usize, String),
}

/// A unit that is known, and the name it comes from.
type Unit = Option<(usize, String)>;

impl Formula {
    /// The first units that do not go together. A product or quotient is in a unit that nobody knows.
    pub(crate) fn mixed_units(
        &self,
        unit: &dyn Fn(usize) -> Option<String>,
        wanted: Option<&str>,
    ) -> Option<Mixed> {
        match (self.root.unit(unit), wanted) {
            (Err(mixed), _) => Some(mixed),
            (Ok(Some((at, found))), Some(wanted)) if found.trim() != wanted.trim() => {
                Some(Mixed::Result(at, found))
            }
            _ => None,
        }
    }
}

impl Expr {
    fn unit(&self, unit: &dyn Fn(usize) -> Option<String>) -> Result<Unit, Mixed> {
        match self {
            Self::Number(_) => Ok(None),
            Self::Name(at) => Ok(unit(*at).map(|unit| (*at, unit))),
            Self::Minus(inner) => inner.unit(unit),
            Self::Binary(Operator::Multiply | Operator::Divide, left, right) => {
                left.unit(unit)?;
                right.unit(unit)?;
                Ok(None)
            }
            Self::Binary(operator, left, right) => {
                let common = alike(left.unit(unit)?, right.unit(unit)?)?;
                Ok(common.filter(|_| operator.result() == Type::Number))
            }
            Self::Call(Function::Round, arguments) => {
                arguments.first().map_or(Ok(None), |first| first.unit(unit))
            }
            Self::Call(function, arguments) => {
                let mut terms = arguments.iter();
                if *function == Function::If
                    && let Some(condition) = terms.next()
                {
                    condition.unit(unit)?;
                }
                terms.try_fold(None, |common, term| alike(common, term.unit(unit)?))
            }
        }
    }
}

/// The common unit of two terms; a plain number goes with any.
fn alike(left: Unit, right: Unit) -> Result<Unit, Mixed> {
    match (left, right) {
        (Some(left), Some(right)) if left.1.trim() != right.1.trim() => {
            Err(Mixed::Terms(left, right))
        }
        (left, right) => Ok(left.or(right)),
    }
}

/// Why an expression has no value.
enum Absent {
    /// An input is missing; `coalesce` looks further.
    Missing,
    /// A division by zero: nothing stands in for a wrong calculation.
    Undefined,
}

fn evaluate(expr: &Expr, value: &dyn Fn(usize) -> Option<f64>) -> Result<f64, Absent> {
    match expr {
        Expr::Number(number) => Ok(*number),
        Expr::Name(at) => value(*at).ok_or(Absent::Missing),
        Expr::Minus(inner) => Ok(-evaluate(inner, value)?),
        Expr::Binary(operator, left, right) => {
            operator.apply(evaluate(left, value)?, evaluate(right, value)?)
        }
        Expr::Call(function, arguments) => call(*function, arguments, value),
    }
}

fn call(
    function: Function,
    arguments: &[Expr],
    value: &dyn Fn(usize) -> Option<f64>,
) -> Result<f64, Absent> {
    match (function, arguments) {
        (Function::Coalesce, _) => {
            let found = arguments.iter().map(|argument| evaluate(argument, value));
            let mut known = found.filter(|found| !matches!(found, Err(Absent::Missing)));
            return known.next().unwrap_or(Err(Absent::Missing));
        }
        (Function::If, [condition, yes, no]) => {
            let branch = if evaluate(condition, value)? != 0.0 { yes } else { no };
            return evaluate(branch, value);
        }
        _ => {}
    }
    let values: Vec<f64> =
        arguments.iter().map(|argument| evaluate(argument, value)).collect::<Result<_, _>>()?;
    let sum: f64 = values.iter().sum();
    let result = match function {
        Function::Min => values.into_iter().reduce(f64::min),
        Function::Max => values.into_iter().reduce(f64::max),
        Function::Sum => Some(sum),
        Function::Avg => Some(sum / values.len() as f64),
        Function::Abs => values.first().map(|value| value.abs()),
        Function::Round => {
            let places = values.get(1).copied().unwrap_or(0.0).clamp(0.0, 12.0);
            let factor = 10_f64.powf(places.trunc());
            values.first().map(|value| (value * factor).round() / factor)
        }
        Function::If | Function::Coalesce => None,
    };
    result.ok_or(Absent::Undefined)
}

impl Operator {
    fn apply(self, left: f64, right: f64) -> Result<f64, Absent> {
        let truth = |holds: bool| Ok(if holds { 1.0 } else { 0.0 });
        match self {
            Self::Add => Ok(left + right),
            Self::Subtract => Ok(left - right),
            Self::Multiply => Ok(left * right),
            Self::Divide if right == 0.0 => Err(Absent::Undefined),
            Self::Divide => Ok(left / right),
            Self::Less => truth(left < right),
            Self::LessOrEqual => truth(crate::model::comparison::at_least(right, left)),
            Self::Greater => truth(left > right),
            Self::GreaterOrEqual => truth(crate::model::comparison::at_least(left, right)),
            Self::Equal => truth(
                crate::model::comparison::at_least(left, right)
                    && crate::model::comparison::at_least(right, left),
            ),
            Self::NotEqual => truth(
                !(crate::model::comparison::at_least(left, right)
                    && crate::model::comparison::at_least(right, left)),
            ),
        }
    }

    /// How tightly it binds.
    fn power(self) -> u8 {
        match self {
            Self::Multiply | Self::Divide => 3,
            Self::Add | Self::Subtract => 2,
            _ => 1,
        }
    }

    fn result(self) -> Type {
        if self.power() == 1 { Type::Truth } else { Type::Number }
    }
}

impl Function {
    const ALL: [(&'static str, Self); 8] = [
        ("min", Self::Min),
        ("max", Self::Max),
        ("avg", Self::Avg),
        ("sum", Self::Sum),
        ("abs", Self::Abs),
        ("round", Self::Round),
        ("if", Self::If),
        ("coalesce", Self::Coalesce),
    ];

    fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(known, _)| *known == name).map(|(_, function)| *function)
    }

    /// How many arguments it takes: at least, at most, and in words.
    fn arity(self) -> (usize, usize, &'static str) {
        match self {
            Self::Abs => (1, 1, "one argument"),
            Self::Round => (1, 2, "a number and, if you like, digits after the point"),
            Self::If => (3, 3, "a condition and two values"),
            Self::Min | Self::Max | Self::Avg | Self::Sum | Self::Coalesce => {
                (1, usize::MAX, "at least one argument")
            }
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Number(f64),
    Name(String),
    Operator(Operator),
    Open,
    Close,
    Comma,
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "the number {number}"),
            Self::Name(name) => write!(f, "`{name}`"),
            Self::Operator(_) => write!(f, "an operator"),
            Self::Open => write!(f, "`(`"),
            Self::Close => write!(f, "`)`"),
            Self::Comma => write!(f, "`,`"),
        }
    }
}

fn tokens(text: &str) -> Result<Vec<(usize, Token)>, FormulaError> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let (length, token) = token(rest).map_err(|message| FormulaError { at, message })?;
        tokens.extend(token.map(|token| (at, token)));
        at += length;
    }
    Ok(tokens)
}

/// The length of the first token, and the token unless it is white space.
fn token(rest: &str) -> Result<(usize, Option<Token>), String> {
    let first = rest.chars().next().unwrap_or(' ');
    if first.is_whitespace() {
        return Ok((first.len_utf8(), None));
    }
    if first.is_ascii_digit() || first == '.' {
        return number(rest);
    }
    if first.is_ascii_alphabetic() || first == '_' {
        let length = name_length(rest);
        return Ok((length, Some(Token::Name(rest[..length].to_owned()))));
    }
    let two = [
        ("<=", Operator::LessOrEqual),
        (">=", Operator::GreaterOrEqual),
        ("==", Operator::Equal),
        ("!=", Operator::NotEqual),
    ];
    if let Some((_, operator)) = two.iter().find(|(sign, _)| rest.starts_with(sign)) {
        return Ok((2, Some(Token::Operator(*operator))));
    }
    let token = match first {
        '+' => Token::Operator(Operator::Add),
        '-' => Token::Operator(Operator::Subtract),
        '*' => Token::Operator(Operator::Multiply),
        '/' => Token::Operator(Operator::Divide),
        '<' => Token::Operator(Operator::Less),
        '>' => Token::Operator(Operator::Greater),
        '(' => Token::Open,
        ')' => Token::Close,
        ',' => Token::Comma,
        '=' => return Err("write `==` to compare".to_owned()),
        other => return Err(format!("{other:?} does not belong in a formula")),
    };
    Ok((1, Some(token)))
}

fn number(rest: &str) -> Result<(usize, Option<Token>), String> {
    let length = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
    let text = &rest[..length];
    let number: f64 = text.parse().map_err(|_| format!("`{text}` is no number"))?;
    Ok((length, Some(Token::Number(number))))
}

/// An id, or two joined by `/`; `-` and `/` belong to a name only right before a letter or, for
/// `-`, a digit.
fn name_length(rest: &str) -> usize {
    let bytes = rest.as_bytes();
    let is_word =
        |at: usize| bytes.get(at).is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    let is_letter = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_alphabetic);
    let mut at = 1;
    while let Some(byte) = bytes.get(at) {
        let belongs = match byte {
            b'-' | b'.' => is_word(at + 1),
            b'/' => is_letter(at + 1),
            _ => is_word(at),
        };
        if !belongs {
            break;
        }
        at += 1;
    }
    at
}

struct Parser {
    tokens: Vec<(usize, Token)>,
    next: usize,
    names: Vec<String>,
    end: usize,
}

impl Parser {
    fn expression(&mut self, power: u8, depth: usize) -> Result<(Expr, Type), FormulaError> {
        let from = self.at();
        if depth > DEPTH_MAX {
            return Err(self.error(format!("more than {DEPTH_MAX} levels deep; make it two KPIs")));
        }
        let (mut left, mut left_type) = self.operand(depth)?;
        while let Some(&(at, Token::Operator(operator))) = self.tokens.get(self.next) {
            if operator.power() <= power {
                break;
            }
            self.next += 1;
            let right_from = self.at();
            let (right, right_type) = self.expression(operator.power(), depth + 1)?;
            expect_number(from, left_type)?;
            expect_number(right_from, right_type)?;
            if operator.result() == Type::Truth && power == 1 {
                return Err(FormulaError {
                    at,
                    message: "comparisons cannot be chained".to_owned(),
                });
            }
            left = Expr::Binary(operator, Box::new(left), Box::new(right));
            left_type = operator.result();
        }
        Ok((left, left_type))
    }

    fn operand(&mut self, depth: usize) -> Result<(Expr, Type), FormulaError> {
        let Some((at, token)) = self.tokens.get(self.next).cloned() else {
            return Err(self.error("a value is missing at the end".to_owned()));
        };
        self.next += 1;
        match token {
            Token::Number(number) => Ok((Expr::Number(number), Type::Number)),
            Token::Operator(Operator::Subtract) => {
                let (inner, of) = self.expression(Operator::Multiply.power(), depth + 1)?;
                expect_number(at, of)?;
                Ok((Expr::Minus(Box::new(inner)), Type::Number))
            }
            Token::Open => {
                let inner = self.expression(0, depth + 1)?;
                self.expect_close()?;
                Ok(inner)
            }
            Token::Name(name) => match (self.tokens.get(self.next), Function::named(&name)) {
                (Some((_, Token::Open)), Some(function)) => self.call(at, &name, function, depth),
                (Some((_, Token::Open)), None) => Err(unknown_function(at, &name)),
                _ => Ok((Expr::Name(self.named(name)), Type::Number)),
            },
            other => {
                Err(FormulaError { at, message: format!("a value is missing before {other}") })
            }
        }
    }

    fn call(
        &mut self,
        at: usize,
        name: &str,
        function: Function,
        depth: usize,
    ) -> Result<(Expr, Type), FormulaError> {
        self.next += 1;
        let mut arguments = Vec::new();
        loop {
            let from = self.at();
            let (argument, of) = self.expression(0, depth + 1)?;
            let is_condition = function == Function::If && arguments.is_empty();
            match (is_condition, of) {
                (true, Type::Number) => {
                    let message = "`if` begins with a comparison, e.g. if(a > 0, a, 0)".to_owned();
                    return Err(FormulaError { at: from, message });
                }
                (false, of) => expect_number(from, of)?,
                (true, Type::Truth) => {}
            }
            arguments.push(argument);
            match self.tokens.get(self.next) {
                Some((_, Token::Comma)) => self.next += 1,
                _ => break,
            }
        }
        self.expect_close()?;
        let (least, most, words) = function.arity();
        if arguments.len() < least || arguments.len() > most {
            return Err(FormulaError { at, message: format!("`{name}` takes {words}") });
        }
        Ok((Expr::Call(function, arguments), Type::Number))
    }

    fn named(&mut self, name: String) -> usize {
        let known = self.names.iter().position(|held| *held == name);
        known.unwrap_or_else(|| {
            self.names.push(name);
            self.names.len() - 1
        })
    }

    fn expect_close(&mut self) -> Result<(), FormulaError> {
        match self.tokens.get(self.next) {
            Some((_, Token::Close)) => {
                self.next += 1;
                Ok(())
            }
            _ => Err(self.error("a `)` is missing here".to_owned())),
        }
    }

    fn at(&self) -> usize {
        self.tokens.get(self.next).map_or(self.end, |(at, _)| *at)
    }

    fn error(&self, message: String) -> FormulaError {
        FormulaError { at: self.at(), message }
    }
}

fn expect_number(at: usize, of: Type) -> Result<(), FormulaError> {
    match of {
        Type::Number => Ok(()),
        Type::Truth => {
            let message = "a comparison is no number; use it in `if(…, …, …)`".to_owned();
            Err(FormulaError { at, message })
        }
    }
}

fn unknown_function(at: usize, name: &str) -> FormulaError {
    let known: Vec<_> = Function::ALL.iter().map(|(name, _)| *name).collect();
    let message = format!("`{name}` is no function; there are {}", known.join(", "));
    FormulaError { at, message }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn result(text: &str) -> Option<f64> {
        let formula = Formula::parse(text).unwrap();
        let names = formula.names().to_vec();
        formula.evaluate(&|at| match names[at].as_str() {
            "revenue" => Some(150.0),
            "headcount" => Some(10.0),
            "on-time" => Some(3.0),
            "sales/orders" => Some(5.0),
            "zero" => Some(0.0),
            _ => None,
        })
    }

    #[test]
    fn arithmetic_is_as_at_school() {
        let cases = [
            ("revenue / headcount", 15.0),
            ("1 + 2 * 3", 7.0),
            ("(1 + 2) * 3", 9.0),
            ("10 - 4 - 3", 3.0),
            ("-2 * -3", 6.0),
            ("100 * on-time / sales/orders", 60.0),
            ("revenue/100", 1.5),
            ("min(3, 1, 2) + max(4, 5) + abs(-1) + round(2.345, 2)", 9.35),
            ("if(revenue > 100, 1, missing)", 1.0),
            ("coalesce(missing, zero, 9)", 0.0),
            ("coalesce(revenue / missing, missing + 1, 9)", 9.0),
            ("avg(1, 2, 6) + sum(1, 2)", 6.0),
            ("revenue >= 150", 1.0),
        ];
        for (text, expected) in cases {
            let found = result(text).unwrap();
            assert!((found - expected).abs() < 1e-9, "{text} is {found}, not {expected}");
        }
    }

    #[test]
    fn what_cannot_be_known_is_no_data() {
        for text in
            ["revenue / zero", "revenue + missing", "min(1, missing)", "if(missing > 1, 1, 2)"]
        {
            assert_eq!(result(text), None, "{text}");
        }
    }

    #[test]
    fn coalesce_stands_in_for_missing_inputs_and_for_no_wrong_calculation() {
        for text in [
            "coalesce(revenue / zero, 9)",
            "coalesce(missing, revenue / zero, 9)",
            "coalesce(coalesce(missing, 1 / zero), 9)",
            "coalesce(max(1, revenue / zero), 9)",
            "coalesce(missing, missing)",
        ] {
            assert_eq!(result(text), None, "{text}");
        }
        assert_eq!(result("coalesce(revenue, 1 / zero)"), Some(150.0));
    }

    #[test]
    fn mistakes_are_told_with_their_place() {
        let cases = [
            ("1 +", 3, "missing at the end"),
            ("(1 + 2", 6, "`)` is missing"),
            ("1 2", 2, "does not belong"),
            ("median(1)", 0, "no function"),
            ("abs(1, 2)", 0, "one argument"),
            ("(1 < 2) + 1", 0, "comparison"),
            ("if(1, 2, 3)", 3, "begins with a comparison"),
            ("a = b", 2, "`==`"),
            ("a $ b", 2, "does not belong"),
            ("", 0, "missing"),
        ];
        for (text, at, words) in cases {
            let error = Formula::parse(text).unwrap_err();
            assert_eq!(error.at, at, "{text}: {error}");
            assert!(error.message.contains(words), "{text}: {error}");
        }
    }

    #[test]
    fn depth_and_length_are_bounded() {
        assert!(Formula::parse(&"(".repeat(1_000)).is_err());
        assert!(Formula::parse(&"-".repeat(1_000)).is_err());
        assert!(Formula::parse(&"1+".repeat(2_000)).is_err());
    }
}
