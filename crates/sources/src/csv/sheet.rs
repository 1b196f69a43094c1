//! From the rows of a sheet, whatever file it is in, to rows of a table: the header, what is left out,
//! and where the table ends.

use crate::{
    csv::{
        Rows,
        number::NumberReader,
        sheet_columns::{SheetColumns, Unseen},
        sheet_row::SheetRow,
    },
    question::Question,
    rows::tally::Tally,
    table::Table,
};

/// So many lines may come before the header, where nothing says how many.
const HEADER_LINES_MAX: usize = 50;

/// A sheet, read row by row.
pub(super) struct SheetReader<'s> {
    rows: &'s Rows,
    numbers: NumberReader<'s>,
    rows_max: usize,
    question: &'s Question<'s>,
    head: Head<'s>,
    /// What ends the table or is left out, and has not been met.
    unmet: Vec<String>,
    is_ended: bool,
    first_column: usize,
    table: Table,
}

/// What is known of the header.
enum Head<'s> {
    /// It is looked for; how many lines are none, and what the likeliest of them lacks.
    Sought { looked: usize, likeliest: Option<(usize, String)> },
    Found {
        line: u64,
        is_first: bool,
        names: Vec<String>,
        columns: SheetColumns<'s>,
        unseen: Unseen<'s>,
    },
}

impl<'s> SheetReader<'s> {
    pub(super) fn new(
        rows: &'s Rows,
        numbers: NumberReader<'s>,
        rows_max: usize,
        question: &'s Question<'s>,
    ) -> Self {
        let unmet = rows.until.iter().chain(&rows.ignore).map(|text| text.to_lowercase());
        Self {
            rows,
            numbers,
            rows_max,
            question,
            head: Head::Sought { looked: 0, likeliest: None },
            unmet: unmet.collect(),
            is_ended: false,
            first_column: 0,
            table: Table { tally: rows.aggregate.map(Tally::new), ..Table::default() },
        }
    }

    /// Takes the row of a line, and says whether there can be more.
    pub(super) fn take(&mut self, line: u64, row: &impl SheetRow) -> Result<bool, String> {
        if self.is_ended {
            return Ok(false);
        }
        match &mut self.head {
            Head::Sought { looked, likeliest } => {
                if self.rows.skip.is_some_and(|skip| line <= u64::from(skip)) {
                    return Ok(true);
                }
                let names: Vec<String> =
                    (0..row.len()).map(|at| row.text(at).trim().to_owned()).collect();
                match SheetColumns::find(&names, self.rows) {
                    Ok(columns) => {
                        self.table.columns = columns.taken();
                        // A table need not begin in the first column.
                        let first = names.iter().position(|name| !name.is_empty());
                        self.first_column = first.unwrap_or_default();
                        let unseen = Unseen::of(&columns);
                        let is_first = *looked == 0;
                        self.head = Head::Found { line, is_first, names, columns, unseen };
                    }
                    Err(misfit) => {
                        *looked += 1;
                        if likeliest.as_ref().is_none_or(|(fields, _)| row.len() > *fields) {
                            *likeliest = Some((row.len(), misfit));
                        }
                        let is_last = self.rows.skip.is_some() || *looked >= HEADER_LINES_MAX;
                        if let Some((_, misfit)) = likeliest.take_if(|_| is_last) {
                            return Err(misfit);
                        }
                    }
                }
                Ok(true)
            }
            Head::Found { .. } => self.body(line, row),
        }
    }

    fn body(&mut self, line: u64, row: &impl SheetRow) -> Result<bool, String> {
        let first = row.text(self.first_column).trim().to_lowercase();
        if self.rows.until.as_ref().is_some_and(|text| begins(&first, &text.to_lowercase())) {
            self.is_ended = true;
            self.unmet.retain(|text| !begins(&first, text));
            return Ok(false);
        }
        let is_ignored = |text: &String| begins(&first, &text.to_lowercase());
        if self.rows.ignore.iter().any(is_ignored) {
            self.unmet.retain(|text| !begins(&first, text));
            return Ok(true);
        }
        let Head::Found { line: head, is_first, names, columns, unseen } = &mut self.head else {
            return Ok(true);
        };
        let may_be_blank = columns.has_period() || self.table.tally.is_some();
        if row.is_blank() && (!row.is_counted() || (may_be_blank && row.len() > 1)) {
            return Ok(true);
        }
        if row.is_counted() && row.len() != names.len() {
            let place = match is_first {
                true => "its first".to_owned(),
                false => format!("line {head}, which names the columns"),
            };
            return Err(format!(
                "has {} fields in line {line} and {} in {place}; check `delimiter`, or leave lines \
                 out by `ignore` or `until`",
                row.len(),
                names.len()
            ));
        }
        let misfit = |problem| format!("in line {line} the column {problem}");
        self.table.looked += 1;
        let fits = columns.fits(row, &self.numbers, unseen).map_err(misfit)?;
        if !fits {
            return Ok(true);
        }
        let is_part = self.table.tally.is_some();
        let period = columns.period(row, self.question, is_part).map_err(|problem| {
            let hint = "leave out by `ignore` or `until` what is no part of the table";
            format!("{}; {hint}", misfit(problem))
        })?;
        if period.is_some_and(|period| !self.question.asks_for(period)) {
            return Ok(true);
        }
        if let Some(tally) = &mut self.table.tally {
            let figure = columns.figure(row, &self.numbers);
            tally.take(period, &figure).map_err(misfit)?;
            return Ok(true);
        }
        if self.table.rows.len() == self.rows_max {
            let max = self.rows_max;
            return Err(format!("has more than {max} rows that fit; narrow them with `rows`"));
        }
        self.table.rows.push(columns.cells(row, &self.numbers, period));
        self.table.lines.push(line);
        Ok(true)
    }

    /// The table, if it is the whole.
    pub(super) fn finish(self) -> Result<Table, String> {
        let mut table = self.table;
        let (columns, names, unseen) = match self.head {
            Head::Found { columns, names, unseen, .. } => (columns, names, unseen),
            Head::Sought { likeliest, .. } => {
                let empty = || SheetColumns::find(&[], self.rows).err().unwrap_or_default();
                return Err(likeliest.map_or_else(empty, |(_, misfit)| misfit));
            }
        };
        // Rows that should be left out would be added up.
        let is_open = table.tally.is_some() && !columns.has_period();
        let unmet = self.unmet.iter().find(|text| {
            is_open || self.rows.until.as_ref().is_some_and(|until| until.to_lowercase() == **text)
        });
        if let Some(text) = unmet.filter(|_| table.looked > 0) {
            return Err(format!(
                "has no line that begins with `{text}`; check `until` and `ignore`, or remove them"
            ));
        }
        if table.is_bare() {
            table.doubt = unseen.doubt(&names);
        }
        Ok(table)
    }
}

/// Whether a line begins with a text; of none only an empty field does.
fn begins(first: &str, text: &str) -> bool {
    if text.trim().is_empty() { first.is_empty() } else { first.starts_with(text.trim()) }
}
