//! Derived KPIs: a formula over other KPIs. Names, arity and types are checked when it is read; a
//! missing input, a division by zero or a result that is no finite number makes no data.

pub(crate) mod error;
mod expression;
mod parser;
mod tokens;
pub(crate) mod units;

use crate::model::formula::{
    error::FormulaError,
    expression::{Expr, evaluate},
    parser::Parser,
    units::Mixed,
};

/// A formula is a line in a file, not a program.
const CHARS_MAX: usize = 2_000;

/// A formula, read and checked.
#[derive(Clone, Debug, PartialEq)]
pub struct Formula {
    text: String,
    names: Vec<String>,
    root: Expr,
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
        let (root, names) = Parser::read(text)?;
        Ok(Self { text: text.to_owned(), names, root })
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
            ("median(1)", 0, "not a function"),
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
