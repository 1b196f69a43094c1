//! Where in a row what stands, and whether the row is meant.

use crate::{
    cell::Cell,
    csv::{Rows, number::NumberReader, sheet_row::SheetRow},
    dates::period_format::DateFormats,
    figure_columns::FigureColumns,
    question::Question,
    rows::condition::Condition,
    table::{self, Doubt},
};
use kpid_rules::model::Period;

/// Whoever misspelt a text finds it among these, or looks into the file.
const OTHERS_SHOWN_MAX: usize = 10;

/// The columns that are read.
pub(super) struct SheetColumns<'s> {
    /// The names a table knows figures by, and where they stand.
    figure: Vec<(&'static str, usize)>,
    target: Option<usize>,
    observed_at: Option<usize>,
    period: Option<(&'s str, usize)>,
    formats: &'s DateFormats,
    /// Where it stands, and what must stand there.
    wanted: Vec<(usize, &'s str)>,
    /// The same, as conditions.
    conditions: Vec<(usize, &'s str, &'s Condition)>,
}

impl<'s> SheetColumns<'s> {
    pub(super) fn find(names: &[String], rows: &'s Rows) -> Result<Self, String> {
        let at = |name: &str| match table::position(names, name)? {
            Some(at) => Ok(at),
            // A file of one column may be no table at all, and then its line is nobody's business.
            None if names.len() < 2 => Err(format!(
                "has no column `{name}`; it has but one, of another name: check the file, and \
                 `delimiter`"
            )),
            None => Err(format!("has no column `{name}`; it has {}", table::named(names))),
        };
        let if_named = |name: &Option<String>| name.as_deref().map(at).transpose();
        let figure = match &rows.figure {
            None => Vec::new(),
            Some(FigureColumns::Value(value)) => vec![("value", at(value)?)],
            Some(FigureColumns::Ratio { numerator, denominator }) => {
                vec![("numerator", at(numerator)?), ("denominator", at(denominator)?)]
            }
        };
        let period = rows.period.as_deref().map(|name| Ok::<_, String>((name, at(name)?)));
        let wanted = rows.holding.iter().map(|(name, text)| Ok((at(name)?, text.as_str())));
        let conditions = rows
            .conditions
            .iter()
            .map(|(name, condition)| Ok((at(name)?, name.as_str(), condition)));
        Ok(Self {
            figure,
            target: if_named(&rows.target)?,
            observed_at: if_named(&rows.observed_at)?,
            period: period.transpose()?,
            formats: &rows.formats,
            wanted: wanted.collect::<Result<_, String>>()?,
            conditions: conditions.collect::<Result<_, String>>()?,
        })
    }

    /// The names by which a table knows them.
    pub(super) fn taken(&self) -> Vec<String> {
        let mut taken: Vec<&str> = self.figure.iter().map(|(name, _)| *name).collect();
        if taken.is_empty() {
            taken.push("value");
        }
        let others = [
            self.target.map(|_| "target"),
            self.observed_at.map(|_| "observed_at"),
            self.period.map(|_| "period"),
        ];
        taken.into_iter().chain(others.into_iter().flatten()).map(str::to_owned).collect()
    }

    pub(super) fn has_period(&self) -> bool {
        self.period.is_some()
    }

    /// Whether a row holds what it must; what it holds instead is noted.
    pub(super) fn fits(
        &self,
        row: &impl SheetRow,
        numbers: &NumberReader<'_>,
        unseen: &mut Unseen<'s>,
    ) -> Result<bool, String> {
        unseen.look(row);
        let mut fits = self.wanted.iter().all(|(at, text)| row.text(*at).trim() == *text);
        for (number, (at, name, condition)) in self.conditions.iter().enumerate() {
            let is_met = condition
                .fits(&row.cell(*at), || row.number(*at, numbers))
                .map_err(|misfit| format!("`{name}` {misfit}"))?;
            if is_met {
                unseen.is_met(number);
            }
            fits &= is_met;
        }
        Ok(fits)
    }

    /// The period that a row names.
    pub(super) fn period(
        &self,
        row: &impl SheetRow,
        question: &Question<'_>,
        is_part: bool,
    ) -> Result<Option<Period>, String> {
        let Some((name, at)) = self.period else { return Ok(None) };
        let cell = row.cell(at);
        let period = match is_part {
            true => cell.period_within(question, &self.formats.period),
            false => cell.period(question, &self.formats.period),
        };
        period.map(Some).map_err(|problem| format!("`{name}` {problem}"))
    }

    /// The figure of a row: its value, or the two parts of its ratio.
    pub(super) fn figure(&self, row: &impl SheetRow, numbers: &NumberReader<'_>) -> Vec<Cell> {
        self.figure.iter().map(|(_, at)| row.number(*at, numbers)).collect()
    }

    /// All that is taken of a row, in the order of the names.
    pub(super) fn cells(
        &self,
        row: &impl SheetRow,
        numbers: &NumberReader<'_>,
        period: Option<Period>,
    ) -> Vec<Cell> {
        let mut cells = self.figure(row, numbers);
        cells.extend(self.target.map(|at| row.number(at, numbers)));
        cells.extend(self.observed_at.map(|at| row.cell(at)));
        cells.extend(period.map(Cell::Period));
        cells
    }
}

/// The texts that rows must hold and no line has held so far, and what stands there instead.
pub(super) struct Unseen<'s> {
    texts: Vec<(usize, &'s str, Vec<String>)>,
    /// Whether each condition was met by any row.
    conditions: Vec<(&'s str, &'s Condition, bool)>,
    rows: usize,
}

impl<'s> Unseen<'s> {
    pub(super) fn of(columns: &SheetColumns<'s>) -> Self {
        let texts = columns.wanted.iter().map(|(at, text)| (*at, *text, Vec::new()));
        let conditions = columns.conditions.iter();
        let conditions = conditions.map(|(_, name, condition)| (*name, *condition, false));
        Self { texts: texts.collect(), conditions: conditions.collect(), rows: 0 }
    }

    fn look(&mut self, row: &impl SheetRow) {
        self.rows += 1;
        self.texts.retain(|(at, text, _)| row.text(*at).trim() != *text);
        for (at, _, others) in &mut self.texts {
            let other = row.text(*at);
            if others.len() < OTHERS_SHOWN_MAX && !others.iter().any(|held| *held == other) {
                others.push(other.into_owned());
            }
        }
    }

    fn is_met(&mut self, number: usize) {
        if let Some((.., is_met)) = self.conditions.get_mut(number) {
            *is_met = true;
        }
    }

    /// A text that no line of the file holds may be misspelt, unless there are no lines.
    pub(super) fn doubt(self, names: &[String]) -> Option<Doubt> {
        if let Some((at, text, others)) = self.texts.into_iter().find(|(.., held)| !held.is_empty())
        {
            let name = names.get(at).map(String::as_str).unwrap_or_default();
            let others = table::named(&others);
            return Some(Doubt::Unmatched(format!(
                "has no line with `{text}` in the column `{name}`, which holds {others}; check \
                 `rows`"
            )));
        }
        let is_doubted = |(_, condition, is_met): &&(&str, &Condition, bool)| {
            self.rows > 0 && !is_met && condition.is_by_word()
        };
        self.conditions.iter().find(is_doubted).map(|(name, condition, _)| {
            Doubt::Unmatched(format!(
                "has no line whose `{name}` is {condition}; check `where`, which may be misspelt"
            ))
        })
    }
}
