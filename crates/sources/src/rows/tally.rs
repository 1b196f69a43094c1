//! Rows counted and added up by period: what is held grows with the periods, and only where it must
//! with the rows.

use std::collections::HashSet;

use indexmap::IndexMap;

use crate::{cell::Cell, rows::row_aggregate::RowAggregate};
use kpid_rules::model::Period;

/// More values than these are not held at once to find a percentile, or different ones, among them.
const VALUES_MAX: usize = 2_000_000;

/// Bytes of different texts that are held at once.
const TEXT_BYTES_MAX: usize = 64 << 20;

/// What the rows of several periods come to.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Tally {
    aggregate: RowAggregate,
    /// By period; under none where the rows name none.
    totals: IndexMap<Option<Period>, Total>,
    /// Values that are held, of all periods.
    values: usize,
    text_bytes: usize,
}

/// What the rows of one period come to.
#[derive(Clone, Debug, PartialEq)]
enum Total {
    Count(u64),
    Distinct(HashSet<Box<str>>),
    Sum(Option<Sum>),
    Ratio(Option<(Sum, Sum)>),
    Average(Sum, u64),
    Least(Option<f64>),
    Greatest(Option<f64>),
    Values(Vec<f64>),
}

/// A sum that loses nothing to a large figure among small ones (Neumaier).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Sum {
    sum: f64,
    lost: f64,
}

impl Sum {
    fn add(&mut self, value: f64) {
        let sum = self.sum + value;
        self.lost += if self.sum.abs() >= value.abs() {
            (self.sum - sum) + value
        } else {
            (value - sum) + self.sum
        };
        self.sum = sum;
    }

    fn total(self) -> f64 {
        self.sum + self.lost
    }
}

impl Tally {
    pub(crate) fn new(aggregate: RowAggregate) -> Self {
        Self { aggregate, totals: IndexMap::new(), values: 0, text_bytes: 0 }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.totals.is_empty()
    }

    /// Takes a row: its value, or the two parts of its ratio, or nothing, where rows are counted. Null
    /// counts nowhere, as in SQL.
    pub(crate) fn take(&mut self, period: Option<Period>, figure: &[Cell]) -> Result<(), String> {
        let is_ratio = figure.len() > 1;
        let aggregate = self.aggregate;
        let total = self.totals.entry(period).or_insert_with(|| Total::new(aggregate, is_ratio));
        match total {
            Total::Count(count) => *count += u64::from(figure.first() != Some(&Cell::Null)),
            Total::Distinct(held) => {
                let Some(text) = figure.first().and_then(name) else { return Ok(()) };
                if !held.contains(text.as_str()) {
                    self.values += 1;
                    self.text_bytes += text.len();
                    held.insert(text.into_boxed_str());
                }
            }
            Total::Ratio(sums) => {
                let [numerator, denominator] = figure else { return Ok(()) };
                let parts = (named("numerator", numerator)?, named("denominator", denominator)?);
                if let (Some(numerator), Some(denominator)) = parts {
                    let (left, right) = sums.get_or_insert_default();
                    left.add(numerator);
                    right.add(denominator);
                }
            }
            total => {
                let Some(cell) = figure.first() else { return Ok(()) };
                if let Some(value) = named("value", cell)? {
                    self.values += usize::from(total.takes(value));
                }
            }
        }
        self.check()
    }

    /// Takes what the rows of another page come to.
    pub(crate) fn join(&mut self, other: Self) -> Result<(), String> {
        for (period, total) in other.totals {
            let held = self.totals.entry(period).or_insert_with(|| total.nothing());
            match (held, total) {
                (Total::Distinct(held), Total::Distinct(more)) => {
                    for text in more {
                        let bytes = text.len();
                        if held.insert(text) {
                            self.values += 1;
                            self.text_bytes += bytes;
                        }
                    }
                }
                (held, more) => self.values += held.join(more),
            }
        }
        self.check()
    }

    fn check(&self) -> Result<(), String> {
        if self.values > VALUES_MAX || self.text_bytes > TEXT_BYTES_MAX {
            return Err(format!(
                "has more different values than are held at once for `{}`; ask for fewer periods, \
                 or have the source count them",
                self.aggregate
            ));
        }
        Ok(())
    }

    /// The figure of each period.
    pub(crate) fn rows(self) -> Vec<(Option<Period>, Vec<Cell>)> {
        let aggregate = self.aggregate;
        let figures = self.totals.into_iter();
        figures.map(|(period, total)| (period, total.figure(aggregate))).collect()
    }
}

/// A cell as a figure, or what is wrong with it.
fn named(name: &str, cell: &Cell) -> Result<Option<f64>, String> {
    cell.figure().map_err(|misfit| format!("`{name}` {misfit}"))
}

/// By what a value is told from others; none of null. A number is the same however it is written.
fn name(cell: &Cell) -> Option<String> {
    match cell {
        Cell::Null => None,
        Cell::Int(_) | Cell::Unsigned(_) | Cell::Float(_) => {
            cell.figure().ok().flatten().map(|value| format!("#{value}"))
        }
        Cell::Text(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
        other => Some(other.to_string()),
    }
}

impl Total {
    fn new(aggregate: RowAggregate, is_ratio: bool) -> Self {
        match aggregate {
            RowAggregate::Count => Self::Count(0),
            RowAggregate::Distinct => Self::Distinct(HashSet::new()),
            RowAggregate::Sum if is_ratio => Self::Ratio(None),
            RowAggregate::Sum => Self::Sum(None),
            RowAggregate::Average => Self::Average(Sum::default(), 0),
            RowAggregate::Least => Self::Least(None),
            RowAggregate::Greatest => Self::Greatest(None),
            RowAggregate::Percentile(_) => Self::Values(Vec::new()),
        }
    }

    /// Takes a value, and says whether it is held.
    fn takes(&mut self, value: f64) -> bool {
        match self {
            Self::Sum(sum) => sum.get_or_insert_default().add(value),
            Self::Average(sum, count) => {
                sum.add(value);
                *count += 1;
            }
            Self::Least(least) => *least = Some(least.map_or(value, |least| least.min(value))),
            Self::Greatest(most) => *most = Some(most.map_or(value, |most| most.max(value))),
            Self::Values(values) => {
                values.push(value);
                return true;
            }
            Self::Count(_) | Self::Distinct(_) | Self::Ratio(_) => {}
        }
        false
    }

    /// The same of no rows.
    fn nothing(&self) -> Self {
        match self {
            Self::Count(_) => Self::Count(0),
            Self::Distinct(_) => Self::Distinct(HashSet::new()),
            Self::Sum(_) => Self::Sum(None),
            Self::Ratio(_) => Self::Ratio(None),
            Self::Average(..) => Self::Average(Sum::default(), 0),
            Self::Least(_) => Self::Least(None),
            Self::Greatest(_) => Self::Greatest(None),
            Self::Values(_) => Self::Values(Vec::new()),
        }
    }

    /// Takes what the rows of another page come to, and says how many values are held more.
    fn join(&mut self, other: Self) -> usize {
        let added = |left: &mut Sum, right: Sum| {
            left.add(right.sum);
            left.add(right.lost);
        };
        match (self, other) {
            (Self::Count(held), Self::Count(more)) => *held += more,
            (Self::Sum(held), Self::Sum(Some(more))) => added(held.get_or_insert_default(), more),
            (Self::Ratio(held), Self::Ratio(Some(more))) => {
                let (left, right) = held.get_or_insert_default();
                added(left, more.0);
                added(right, more.1);
            }
            (Self::Average(sum, count), Self::Average(more, times)) => {
                added(sum, more);
                *count += times;
            }
            (held, Self::Least(Some(more)) | Self::Greatest(Some(more))) => {
                held.takes(more);
            }
            (Self::Values(held), Self::Values(more)) => {
                let count = more.len();
                held.extend(more);
                return count;
            }
            // Both are of one aggregate; what is left adds nothing.
            _ => {}
        }
        0
    }

    fn figure(self, aggregate: RowAggregate) -> Vec<Cell> {
        let cell = |value: Option<f64>| vec![value.map_or(Cell::Null, Cell::Float)];
        match (self, aggregate) {
            (Self::Count(count), _) => vec![Cell::Unsigned(count)],
            (Self::Distinct(held), _) => vec![Cell::Unsigned(held.len() as u64)],
            (Self::Ratio(sums), _) => match sums {
                Some((left, right)) => vec![Cell::Float(left.total()), Cell::Float(right.total())],
                None => vec![Cell::Null, Cell::Null],
            },
            (Self::Sum(sum), _) => cell(sum.map(Sum::total)),
            (Self::Average(sum, count), _) => cell((count > 0).then(|| sum.total() / count as f64)),
            (Self::Least(value) | Self::Greatest(value), _) => cell(value),
            (Self::Values(values), RowAggregate::Percentile(at)) => cell(percentile(values, at)),
            (Self::Values(_), _) => vec![Cell::Null],
        }
    }
}

/// The value at so many thousandths of the way from the least to the greatest, between two values in
/// proportion.
fn percentile(mut values: Vec<f64>, thousandths: u16) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let place = f64::from(thousandths) / 1000.0 * (values.len().checked_sub(1)? as f64);
    let (below, share) = (place.floor(), place.fract());
    let (low, high) = (values.get(below as usize)?, values.get(place.ceil() as usize)?);
    Some(low + (high - low) * share)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ALL: [RowAggregate; 8] = [
        RowAggregate::Count,
        RowAggregate::Distinct,
        RowAggregate::Sum,
        RowAggregate::Average,
        RowAggregate::Least,
        RowAggregate::Greatest,
        RowAggregate::Percentile(500),
        RowAggregate::Percentile(950),
    ];

    fn tally(aggregate: RowAggregate, values: &[Cell]) -> Tally {
        let mut tally = Tally::new(aggregate);
        for value in values {
            tally.take(None, std::slice::from_ref(value)).unwrap();
        }
        tally
    }

    fn figure(tally: Tally) -> Option<f64> {
        let rows = tally.rows();
        let [(None, figure)] = rows.as_slice() else { panic!("one period") };
        figure[0].figure().unwrap()
    }

    #[test]
    fn null_counts_nowhere_and_a_number_is_the_same_however_it_is_written() {
        let cells =
            [Cell::Int(2), Cell::Null, Cell::Float(2.0), Cell::Int(5), Cell::Text("2".into())];
        for (aggregate, expected) in ALL.into_iter().zip([4.0, 3.0, 11.0, 2.75, 2.0, 5.0, 2.0]) {
            assert_eq!(figure(tally(aggregate, &cells)), Some(expected), "{aggregate}");
        }
        for aggregate in [RowAggregate::Sum, RowAggregate::Average, RowAggregate::Percentile(500)] {
            assert_eq!(figure(tally(aggregate, &[Cell::Null])), None, "{aggregate}");
        }
        assert_eq!(figure(tally(RowAggregate::Count, &[Cell::Null])), Some(0.0));
        let misfit = Tally::new(RowAggregate::Sum).take(None, &[Cell::Text("n/a".into())]);
        assert!(misfit.unwrap_err().contains("`value` is the text \"n/a\""));
    }

    #[test]
    fn a_ratio_is_the_sum_of_both_its_parts_where_both_are_there() {
        let mut tally = Tally::new(RowAggregate::Sum);
        for (numerator, denominator) in [
            (Cell::Int(1), Cell::Int(10)),
            (Cell::Int(3), Cell::Int(20)),
            (Cell::Null, Cell::Int(99)),
        ] {
            tally.take(None, &[numerator, denominator]).unwrap();
        }
        assert_eq!(tally.rows(), [(None, vec![Cell::Float(4.0), Cell::Float(30.0)])]);
    }

    #[test]
    fn cents_add_up() {
        let tenths: Vec<Cell> = (0..1_000_000).map(|_| Cell::Float(0.1)).collect();
        assert_eq!(figure(tally(RowAggregate::Sum, &tenths)), Some(100_000.0));
        let large = [Cell::Float(1e16), Cell::Float(1.0), Cell::Float(-1e16)];
        assert_eq!(figure(tally(RowAggregate::Sum, &large)), Some(1.0));
    }

    #[test]
    fn no_more_is_held_than_there_is_room_for() {
        let mut tally = Tally::new(RowAggregate::Distinct);
        let long = "x".repeat(1 << 20);
        let told =
            (0..).find_map(|at| tally.take(None, &[Cell::Text(format!("{long}{at}"))]).err());
        assert!(told.unwrap().contains("more different values than are held at once"));
        assert!(tally.text_bytes <= TEXT_BYTES_MAX + (2 << 20));
    }

    proptest! {
        #[test]
        fn pages_come_to_what_the_whole_comes_to(
            values in proptest::collection::vec(-1_000_000i64..1_000_000, 1..60),
            at in 0usize..60,
        ) {
            let cells: Vec<Cell> = values.iter().map(|value| Cell::Int(*value)).collect();
            let (first, second) = cells.split_at(at.min(cells.len()));
            let mut sorted = values.clone();
            sorted.sort_unstable();
            let sum: i64 = values.iter().sum();
            let count = values.len();
            let mut unique = sorted.clone();
            unique.dedup();
            // Excel's PERCENTILE.INC, by whole numbers: thousandths of the way.
            let percentile = |thousandths: usize| {
                let way = thousandths * (count - 1);
                let (low, rest) = (way / 1000, way % 1000);
                let high = sorted[(low + 1).min(count - 1)];
                sorted[low] as f64 + (high - sorted[low]) as f64 * rest as f64 / 1000.0
            };
            let expected = [
                count as f64, unique.len() as f64, sum as f64, sum as f64 / count as f64,
                sorted[0] as f64, sorted[count - 1] as f64, percentile(500), percentile(950),
            ];
            for (aggregate, expected) in ALL.into_iter().zip(expected) {
                let whole = figure(tally(aggregate, &cells)).unwrap();
                let mut pages = tally(aggregate, first);
                pages.join(tally(aggregate, second)).unwrap();
                prop_assert_eq!(figure(pages), Some(whole));
                prop_assert!((whole - expected).abs() < 1e-6, "{} {} {}", aggregate, whole, expected);
            }
        }
    }
}
