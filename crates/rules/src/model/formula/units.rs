//! The units that meet in a formula: what is added or compared should be in one.

use crate::model::formula::expression::{Expr, Function, Operator, Type};

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

impl Expr {
    pub(crate) fn unit(&self, unit: &dyn Fn(usize) -> Option<String>) -> Result<Unit, Mixed> {
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
