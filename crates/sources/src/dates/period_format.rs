//! The form in which a system writes periods and instants.

use crate::{
    dates::{
        dated::Dated,
        pattern::{Pattern, PatternError},
        usual,
    },
    question::Question,
};
use kpid_rules::model::{Moment, Period};

/// A form of periods, or of instants.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum PeriodFormat {
    /// Every form that can mean only one thing.
    #[default]
    Usual,
    /// `2026-10-31`.
    Day,
    /// `2026-10-31T18:00:00Z`.
    Rfc3339,
    /// Seconds since 1970.
    EpochSeconds,
    /// Milliseconds since 1970.
    EpochMilliseconds,
    /// A date of Excel as a number.
    ExcelSerial,
    /// `/Date(1790805600000)/`.
    JsonDate,
    /// `2026-Q3`, of the calendar's year.
    Quarter,
    /// The same of the fiscal year.
    FiscalQuarter,
    /// `2026`, the calendar's year.
    Year,
    /// `2026`, the fiscal year.
    FiscalYear,
    /// As a pattern says.
    Pattern(Pattern),
}

/// Why a text is not a format.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PeriodFormatError {
    /// A word that is no name.
    #[error("`{0}` is not a format; write {names}, or a pattern such as dd.mm.yyyy or \"%d.%m.%Y\"", names = names())]
    Unknown(String),
    /// A pattern that cannot be read, or not safely.
    #[error(transparent)]
    Pattern(#[from] PatternError),
}

/// Formats by name.
const NAMES: [(&str, PeriodFormat); 10] = [
    ("day", PeriodFormat::Day),
    ("rfc3339", PeriodFormat::Rfc3339),
    ("epoch_seconds", PeriodFormat::EpochSeconds),
    ("epoch_milliseconds", PeriodFormat::EpochMilliseconds),
    ("excel_serial", PeriodFormat::ExcelSerial),
    ("json_date", PeriodFormat::JsonDate),
    ("quarter", PeriodFormat::Quarter),
    ("fiscal_quarter", PeriodFormat::FiscalQuarter),
    ("year", PeriodFormat::Year),
    ("fiscal_year", PeriodFormat::FiscalYear),
];

fn names() -> String {
    NAMES.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
}

impl PeriodFormat {
    /// Reads the name of a format, or a pattern.
    pub fn parse(text: &str) -> Result<Self, PeriodFormatError> {
        if let Some((_, format)) = NAMES.iter().find(|(name, _)| *name == text) {
            return Ok(format.clone());
        }
        match Pattern::parse(text) {
            Err(PatternError::Invalid(_)) if !text.contains('%') => {
                Err(PeriodFormatError::Unknown(text.to_owned()))
            }
            pattern => Ok(Self::Pattern(pattern?)),
        }
    }

    /// As its author wrote it, if he did.
    fn written(&self) -> Option<&str> {
        match self {
            Self::Usual => None,
            Self::Pattern(pattern) => Some(pattern.written()),
            named => NAMES.iter().find(|(_, format)| format == named).map(|(name, _)| *name),
        }
    }

    /// What a text in this format says; else why not, as in "which …".
    pub(crate) fn read(&self, text: &str, question: &Question<'_>) -> Result<Dated, String> {
        let year = || usual::full_year(text.trim());
        let dated = match self {
            Self::Usual => {
                let read = usual::read(text, question.frequency, question.calendar);
                return match read {
                    Ok(Some(dated)) => Ok(dated),
                    Ok(None) => Err(unreadable(question)),
                    Err(doubtful) => Err(doubtful.to_owned()),
                };
            }
            Self::Day => Moment::parse_day(text.trim()).map(Dated::Day),
            Self::Rfc3339 => match Moment::parse(text) {
                Some(Moment::Instant(at)) => Some(Dated::Instant(at)),
                _ => None,
            },
            Self::EpochSeconds => usual::epoch_seconds(text).map(Dated::Instant),
            Self::EpochMilliseconds => usual::epoch_milliseconds(text).map(Dated::Instant),
            Self::ExcelSerial => usual::excel_serial(text).map(Dated::Local),
            Self::JsonDate => usual::json_date(text).map(Dated::Instant),
            Self::Quarter => usual::quarter(text).and_then(|(year, n)| Dated::quarter(year, n)),
            Self::FiscalQuarter => {
                usual::quarter(text).map(|(year, n)| Dated::Key(Period::Quarter(year, n)))
            }
            Self::Year => year().and_then(Dated::calendar_year),
            Self::FiscalYear => year().map(|year| Dated::Key(Period::Year(year))),
            Self::Pattern(pattern) => pattern.read(text),
        };
        let format = self.written().unwrap_or_default();
        dated.ok_or_else(|| {
            format!("is not of the format `{format}` with a year of four digits; check the format")
        })
    }
}

/// That a text is not a period, and what one is.
fn unreadable(question: &Question<'_>) -> String {
    let day = question.window.last_day;
    let key = question.calendar.period_of(question.frequency, day);
    format!(
        "is not a period; write its key, such as `{key}`, or a day in it, such as `{day}`, always \
         with a year of four digits, or say its format"
    )
}

/// The formats of the two columns that say when.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DateFormats {
    /// Of the period.
    pub period: PeriodFormat,
    /// Of the instant at which a figure was true.
    pub observed_at: PeriodFormat,
}

/// Those of sources that name none.
pub(crate) static USUAL_FORMATS: DateFormats =
    DateFormats { period: PeriodFormat::Usual, observed_at: PeriodFormat::Usual };
