//! Commands as a source, as their author writes them.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    source::reading::ReadingDoc,
    yaml::{
        located::{Entries, Loc},
        scalar::{ScaleDoc, SecretDoc},
    },
};

/// Where commands run.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub(crate) struct CommandDoc {
    /// Their working folder; relative to this file. The folder of this file by default.
    pub(crate) folder: Option<Loc<String>>,
    /// Variables they get beside PATH, LANG and TZ.
    pub(crate) environment: Option<Loc<Entries<String>>>,
    /// Variables that are never shown.
    pub(crate) secrets: Option<Loc<Entries<SecretDoc>>>,
    /// How long one may run before it is killed; 30s by default.
    pub(crate) timeout: Option<Loc<String>>,
    /// Commands at once; 4 by default.
    pub(crate) max_concurrent: Option<Loc<u32>>,
    /// Bytes one may print; 1048576 by default.
    pub(crate) max_bytes: Option<Loc<u64>>,
}

/// A command that prints a number or JSON.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub(crate) struct CommandSourceDoc {
    /// The connection's id.
    pub(crate) from: Loc<String>,
    /// What one answer is; `value` by default.
    pub(crate) reading: Option<Loc<ReadingDoc>>,
    /// How many periods before the present one a series is asked again for; 3 by default.
    pub(crate) lookback: Option<Loc<u32>>,
    /// The program and its arguments; `{period_key}` and friends stand for the period.
    pub(crate) run: Loc<Vec<Loc<String>>>,
    /// The key of the value, if it has another name.
    pub(crate) value: Option<Loc<String>>,
    /// The key of what is counted, if it has another name.
    pub(crate) numerator: Option<Loc<String>>,
    /// The key of how many there are, if it has another name.
    pub(crate) denominator: Option<Loc<String>>,
    /// The format of the period, by name (`epoch_seconds`) or pattern (`dd.mm.yyyy`, `%d.%m.%Y`); any that can mean only one thing by default.
    pub(crate) period_format: Option<Loc<String>>,
    /// The same of `observed_at`.
    pub(crate) observed_at_format: Option<Loc<String>>,
    /// By what figures are multiplied, e.g. `1/100` for cents, `1/3600` for seconds in hours; not the parts of a ratio.
    pub(crate) scale: Option<Loc<ScaleDoc>>,
}
