//! The expression that a formula is, and its value.

use crate::model::comparison::at_least;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Type {
    Number,
    Truth,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Expr {
    Number(f64),
    Name(usize),
    Minus(Box<Expr>),
    Binary(Operator, Box<Expr>, Box<Expr>),
    Call(Function, Vec<Expr>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operator {
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
pub(crate) enum Function {
    Min,
    Max,
    Avg,
    Sum,
    Abs,
    Round,
    If,
    Coalesce,
}

/// Why an expression has no value.
pub(crate) enum Absent {
    /// An input is missing; `coalesce` looks further.
    Missing,
    /// A division by zero: nothing stands in for a wrong calculation.
    Undefined,
}

pub(crate) fn evaluate(expr: &Expr, value: &dyn Fn(usize) -> Option<f64>) -> Result<f64, Absent> {
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
            Self::LessOrEqual => truth(at_least(right, left)),
            Self::Greater => truth(left > right),
            Self::GreaterOrEqual => truth(at_least(left, right)),
            Self::Equal => truth(at_least(left, right) && at_least(right, left)),
            Self::NotEqual => truth(!(at_least(left, right) && at_least(right, left))),
        }
    }

    /// How tightly it binds.
    pub(crate) fn power(self) -> u8 {
        match self {
            Self::Multiply | Self::Divide => 3,
            Self::Add | Self::Subtract => 2,
            _ => 1,
        }
    }

    pub(crate) fn result(self) -> Type {
        if self.power() == 1 { Type::Truth } else { Type::Number }
    }
}

impl Function {
    pub(crate) const ALL: [(&'static str, Self); 8] = [
        ("min", Self::Min),
        ("max", Self::Max),
        ("avg", Self::Avg),
        ("sum", Self::Sum),
        ("abs", Self::Abs),
        ("round", Self::Round),
        ("if", Self::If),
        ("coalesce", Self::Coalesce),
    ];

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(known, _)| *known == name).map(|(_, function)| *function)
    }

    /// How many arguments it takes: at least, at most, and in words.
    pub(crate) fn arity(self) -> (usize, usize, &'static str) {
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
