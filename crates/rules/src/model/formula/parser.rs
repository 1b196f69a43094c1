//! From the words of a formula to its expression: arity and types are checked on the way.

use crate::model::formula::{
    error::FormulaError,
    expression::{Expr, Function, Operator, Type},
    tokens::{Token, tokens},
};

/// Deeper nesting than this nobody can check by eye.
const DEPTH_MAX: usize = 48;

pub(crate) struct Parser {
    tokens: Vec<(usize, Token)>,
    next: usize,
    names: Vec<String>,
    end: usize,
}

impl Parser {
    /// Reads a whole text: its expression, and the names in it.
    pub(crate) fn read(text: &str) -> Result<(Expr, Vec<String>), FormulaError> {
        let mut parser =
            Self { tokens: tokens(text)?, next: 0, names: Vec::new(), end: text.len() };
        let (root, _) = parser.expression(0, 0)?;
        match parser.tokens.get(parser.next) {
            None => Ok((root, parser.names)),
            Some((at, token)) => {
                let message = format!("{token} does not belong here");
                Err(FormulaError { at: *at, message })
            }
        }
    }

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
            let message = "a comparison is not a number; use it in `if(…, …, …)`".to_owned();
            Err(FormulaError { at, message })
        }
    }
}

fn unknown_function(at: usize, name: &str) -> FormulaError {
    let known: Vec<_> = Function::ALL.iter().map(|(name, _)| *name).collect();
    let message = format!("`{name}` is not a function; the functions are {}", known.join(", "));
    FormulaError { at, message }
}
