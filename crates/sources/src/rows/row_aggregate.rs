//! What a figure is made of, where the rows of an answer are counted or added up.

use std::fmt;

/// How rows become one figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowAggregate {
    /// How many rows there are; of those with a value, where one is named.
    Count,
    /// How many different values there are.
    Distinct,
    /// The sum of all values; of a ratio, of both its parts.
    Sum,
    /// Their average.
    Average,
    /// The least.
    Least,
    /// The greatest.
    Greatest,
    /// The value below which so many thousandths of all lie, as PostgreSQL's `percentile_cont` and
    /// Excel's `PERCENTILE.INC` have it.
    Percentile(u16),
}

/// What is no such word.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a known aggregate; write count, distinct, sum, avg, min, max, median, or a percentile such as p95"
)]
pub struct RowAggregateError(pub String);

/// A percentile in thousandths is below this.
const WHOLE: u16 = 1000;

impl RowAggregate {
    /// Reads the word by which authors name it.
    pub fn parse(text: &str) -> Result<Self, RowAggregateError> {
        Ok(match text {
            "count" => Self::Count,
            "distinct" => Self::Distinct,
            "sum" => Self::Sum,
            "avg" => Self::Average,
            "min" => Self::Least,
            "max" => Self::Greatest,
            "median" => Self::Percentile(WHOLE / 2),
            other => {
                let thousandths = percentile(other);
                return thousandths
                    .map(Self::Percentile)
                    .ok_or_else(|| RowAggregateError(other.to_owned()));
            }
        })
    }
}

/// `p95` or `p99.9`, in thousandths.
fn percentile(text: &str) -> Option<u16> {
    let (whole, tenth) = match text.strip_prefix('p')?.split_once('.') {
        Some((whole, tenth)) => (whole, tenth),
        None => (text.strip_prefix('p')?, "0"),
    };
    let is_digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if !is_digits(whole) || tenth.len() != 1 || !is_digits(tenth) {
        return None;
    }
    let thousandths = whole.parse::<u16>().ok()?.checked_mul(10)? + tenth.parse::<u16>().ok()?;
    (1..WHOLE).contains(&thousandths).then_some(thousandths)
}

impl fmt::Display for RowAggregate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count => f.write_str("count"),
            Self::Distinct => f.write_str("distinct"),
            Self::Sum => f.write_str("sum"),
            Self::Average => f.write_str("avg"),
            Self::Least => f.write_str("min"),
            Self::Greatest => f.write_str("max"),
            Self::Percentile(at) => match at % 10 {
                0 => write!(f, "p{}", at / 10),
                tenth => write!(f, "p{}.{tenth}", at / 10),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_aggregate_is_named_by_a_word() {
        for word in ["count", "distinct", "sum", "avg", "min", "max", "p1", "p95", "p99.9"] {
            assert_eq!(RowAggregate::parse(word).unwrap().to_string(), word);
        }
        assert_eq!(RowAggregate::parse("median"), Ok(RowAggregate::Percentile(500)));
        for word in ["", "p", "p0", "p100", "p99.99", "p-5", "mean", "Count", "p9000"] {
            assert!(RowAggregate::parse(word).is_err(), "{word}");
        }
    }
}
